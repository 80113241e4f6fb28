import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HotvecError } from '../../../src/errors.ts';
import { InflightBytes } from '../../../src/http/door/inflight-bytes.ts';

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
    held.answer(1_000);
    assert.equal(refusal(() => inflight.open().check(1))?.code, 'overloaded');
    held.release();
    held.release();
    held.answer(5);
    assert.equal(inflight.held, 0, 'an answer made after the client left is held by nobody');
  });

  it('takes room for an answer before it is made, and gives back what it did not need', () => {
    const inflight = new InflightBytes(100);
    const first = inflight.open();
    first.receive(10);
    first.reserve(60);
    assert.equal(inflight.held, 70);
    const second = inflight.open();
    assert.equal(refusal(() => second.reserve(31))?.code, 'overloaded');
    first.answer(20);
    assert.equal(inflight.held, 30);
    second.reserve(70);
    assert.equal(inflight.held, 100);
    assert.equal(refusal(() => inflight.open().reserve(101))?.code, 'too_many_inputs', 'what can never fit');
    second.release();
    first.release();
    assert.equal(inflight.held, 0);
    const alone = inflight.open();
    alone.receive(100);
    alone.reserve(50);
    assert.equal(inflight.held, 150, 'alone, beside its own body');
  });

  it('says how long nothing is let go, however much the refused brought and took away again: they were told one second', () => {
    const inflight = new InflightBytes(100, () => {}, 0.9);
    inflight.open().receive(80);
    for (let i = 0; i < 500; i++) {
      const refused = inflight.open();
      refused.receive(10);
      const error = refusal(() => refused.receive(10));
      assert.equal(error?.retryAfterMs, 20_000, `${i}`);
      refused.release();
    }
    assert.equal(inflight.held, 80);
  });

  it('leaves room for others: an owner has its share, or one request of any size', () => {
    const key = (name: string) => () => ({ name, isKey: true });
    const inflight = new InflightBytes(100, () => {}, 0.6);
    const first = inflight.open(key('a'));
    const second = inflight.open(key('a'));
    first.receive(40);
    second.receive(20);
    const error = refusal(() => second.receive(1));
    assert.equal(error?.code, 'key_share_exceeded');
    assert.ok((error?.retryAfterMs ?? 0) >= 1_000);
    assert.equal(refusal(() => inflight.open(() => ({ name: 'a', isKey: false })).receive(1))?.code, 'overloaded');
    inflight.open(key('b')).receive(40);
    second.release();
    first.release();
    inflight.open(key('a')).receive(60);
    assert.equal(inflight.held, 100);
    const alone = new InflightBytes(100, () => {}, 0.6);
    alone.open(key('a')).receive(90);
    assert.equal(alone.held, 90);
  });

  it('never counts below zero, or beyond its limits by what is received and reserved, in any order', () => {
    const step = fc.tuple(fc.nat(4), fc.constantFrom('receive', 'reserve', 'answer', 'release'), fc.nat(60));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const seen: number[] = [];
        const inflight = new InflightBytes(100, (held) => seen.push(held), 0.7);
        const open = Array.from({ length: 5 }, (_, i) => inflight.open(() => ({ name: `${i % 2}`, isKey: true })));
        const bodies = [0, 0, 0, 0, 0];
        const answers = [0, 0, 0, 0, 0];
        const gone = new Set<number>();
        for (const [i, kind, bytes] of steps) {
          const held = open[i] as (typeof open)[number];
          const before = inflight.held;
          if (kind === 'release') {
            held.release();
            gone.add(i);
            bodies[i] = 0;
            answers[i] = 0;
          } else if (refusal(() => held[kind](bytes)) === undefined) {
            if (gone.has(i)) continue;
            if (kind === 'receive') bodies[i] = (bodies[i] as number) + bytes;
            else answers[i] = bytes;
            if (kind !== 'answer')
              assert.ok(inflight.held <= Math.max(100 + (bodies[i] as number), before), `${inflight.held}`);
          } else assert.notEqual(kind, 'answer');
          const sum = [...bodies, ...answers].reduce((total, one) => total + one, 0);
          assert.equal(inflight.held, sum);
        }
        for (const held of open) held.release();
        assert.equal(inflight.held, 0);
        assert.equal(seen.at(-1) ?? 0, 0);
      }),
      { seed: 20_261_125 },
    );
  });
});
