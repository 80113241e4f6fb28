import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HotvecError } from '../../src/errors.ts';
import { InflightBytes } from '../../src/http/inflight-bytes.ts';

function refusal(act: () => void): HotvecError | undefined {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof HotvecError);
    return error;
  }
  return undefined;
}

describe('InflightBytes', () => {
  it('lets in up to its limit and not a byte more, and says honestly when to come again', () => {
    const inflight = new InflightBytes(100);
    const first = inflight.open();
    const second = inflight.open();
    first.receive(60);
    second.receive(40);
    assert.ok(inflight.isFull);
    const error = refusal(() => second.receive(1));
    assert.equal(error?.code, 'overloaded');
    assert.ok((error?.retryAfterMs ?? 0) >= 1_000 && (error?.retryAfterMs ?? 0) <= 30_000);
    assert.equal(inflight.held, 100, 'what was refused takes no room');
    first.release();
    second.receive(60);
    assert.equal(inflight.held, 100);
  });

  it('takes an answer whatever it holds, and lets nothing else in until there is room', () => {
    const inflight = new InflightBytes(100);
    const held = inflight.open();
    held.receive(10);
    held.add(1_000);
    assert.equal(refusal(() => inflight.check(1))?.code, 'overloaded');
    held.release();
    held.release();
    held.add(5);
    assert.equal(inflight.held, 0, 'an answer made after the client left is held by nobody');
  });

  it('never counts below zero or beyond what is open, in any order', () => {
    const step = fc.tuple(fc.nat(4), fc.constantFrom('receive', 'add', 'release'), fc.nat(60));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const seen: number[] = [];
        const inflight = new InflightBytes(100, (held) => seen.push(held));
        const open = Array.from({ length: 5 }, () => inflight.open());
        const own = [0, 0, 0, 0, 0];
        const gone = new Set<number>();
        for (const [i, kind, bytes] of steps) {
          const held = open[i] as (typeof open)[number];
          if (kind === 'release') {
            held.release();
            gone.add(i);
            own[i] = 0;
          } else {
            const before = inflight.held;
            const refused = refusal(() => held[kind](bytes)) !== undefined;
            assert.equal(refused, kind === 'receive' && before + bytes > 100);
            if (!refused && !gone.has(i)) own[i] = (own[i] as number) + bytes;
          }
          assert.equal(
            inflight.held,
            own.reduce((sum, one) => sum + one, 0),
          );
        }
        assert.equal(seen.at(-1) ?? 0, inflight.held);
      }),
      { seed: 20_261_125 },
    );
  });
});
