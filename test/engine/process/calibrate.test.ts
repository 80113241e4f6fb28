import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CalibrationOptions, calibrate } from '../../../src/engine/process/calibrate.ts';
import type { Batch, Calibration } from '../../../src/engine/protocol.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** An engine on which a batch takes `overhead` ms and `tokensPerMs` after that; `noise` says by what factor a run is slower. */
interface Machine {
  overhead: number;
  tokensPerMs: number;
  noise?: (run: number) => number;
}

async function calibrateOn(
  { overhead, tokensPerMs, noise = () => 1 }: Machine,
  changed: Partial<CalibrationOptions> = {},
): Promise<Calibration & { sizes: number[] }> {
  const clock = new FakeClock();
  const sizes: number[] = [];
  const run = async ({ tokenIds }: Batch) => {
    clock.advance((overhead + tokenIds.length / tokensPerMs) * noise(sizes.length));
    sizes.push(tokenIds.length);
    return { computedTokens: tokenIds.length };
  };
  const found = await calibrate(run, {
    device: 'cpu',
    maxTokens: 8_192,
    maxBatchTokens: 4_096,
    vocabularySize: 50_000,
    loadMilliseconds: 300,
    tokensPerSecond: 500 * tokensPerMs,
    clock,
    ...changed,
  });
  return { ...found, sizes };
}

describe('calibrate()', () => {
  it('finds the smallest batch that reaches 90 % of the best pace', async () => {
    // 256 tokens reach 69 % of the pace of 4,096 with this overhead, 512 tokens 82 %, 1,024 tokens 92 %.
    const { batchTokens, basis, batchMilliseconds } = await calibrateOn({ overhead: 1.5, tokensPerMs: 80 });
    assert.deepEqual(
      { batchTokens, basis, batchMilliseconds },
      { batchTokens: 1_024, basis: 'measured', batchMilliseconds: 14.3 },
    );
  });

  it('stops climbing when a doubling brings nothing', async () => {
    const { batchTokens, sizes } = await calibrateOn({ overhead: 0, tokensPerMs: 10 });
    assert.equal(batchTokens, 256);
    assert.equal(Math.max(...sizes), 512);
  });

  it('prefers a batch of some milliseconds where a shorter one is as fast', async () => {
    const { batchTokens } = await calibrateOn({ overhead: 0, tokensPerMs: 80 });
    assert.equal(batchTokens, 1_024, '512 tokens take 6.4 ms');
    const fast = await calibrateOn({ overhead: 0, tokensPerMs: 300 });
    assert.equal(fast.batchTokens, 4_096, '2,048 tokens take 6.8 ms, and no doubling brings anything');
  });

  it('takes the largest where all are over before what surrounds a batch', async () => {
    assert.equal((await calibrateOn({ overhead: 0, tokensPerMs: 8_000 })).batchTokens, 4_096);
  });

  it('is not led astray by runs that other work on the machine made slower', async () => {
    const quiet = await calibrateOn({ overhead: 1.5, tokensPerMs: 80 });
    for (let hit = 0; hit < 8; hit++) {
      const { batchTokens } = await calibrateOn({
        overhead: 1.5,
        tokensPerMs: 80,
        noise: (run) => (run === hit ? 4 : 1),
      });
      assert.equal(batchTokens, quiet.batchTokens, `run ${hit} four times as slow`);
    }
    const busy = await calibrateOn({ overhead: 1.5, tokensPerMs: 80, noise: (run) => 1 + ((run * 7) % 5) });
    assert.ok(busy.batchTokens >= 256 && busy.batchTokens <= 2_048, String(busy.batchTokens));
  });

  it('measures nothing that 5 % of a long load have no room for, and says that its budget is an estimate', async () => {
    const found = await calibrateOn(
      { overhead: 10, tokensPerMs: 0.17 },
      { loadMilliseconds: 5_000, tokensPerSecond: 165 },
    );
    assert.deepEqual([found.batchTokens, found.basis, found.sizes], [256, 'estimated', []]);
    assert.equal(found.milliseconds, 0);
    assert.equal(found.batchMilliseconds, 1_551.52);
  });

  it('keeps within its time, and uses what it could measure', async () => {
    const found = await calibrateOn(
      { overhead: 5, tokensPerMs: 10 },
      { loadMilliseconds: 3_000, tokensPerSecond: 8_000 },
    );
    assert.ok(found.milliseconds <= 150, String(found.milliseconds));
    assert.deepEqual([found.sizes, found.batchTokens, found.basis], [[256, 512], 256, 'estimated']);
    const onGpu = await calibrateOn(
      { overhead: 5, tokensPerMs: 10 },
      { device: 'cuda', maxBatchTokens: 16_384, loadMilliseconds: 3_000, tokensPerSecond: 8_000 },
    );
    assert.deepEqual([onGpu.batchTokens, onGpu.basis], [4_096, 'estimated']);
  });

  it('makes no batch longer than two seconds, but of at least 128 tokens', async () => {
    const slow = { loadMilliseconds: 60_000 };
    assert.equal(
      (await calibrateOn({ overhead: 0, tokensPerMs: 0.08 }, { ...slow, tokensPerSecond: 80 })).batchTokens,
      160,
    );
    assert.equal(
      (await calibrateOn({ overhead: 0, tokensPerMs: 0.01 }, { ...slow, tokensPerSecond: 10 })).batchTokens,
      128,
    );
    // Every doubling would bring something, but 512 tokens would take longer than that.
    const { sizes, batchTokens } = await calibrateOn(
      { overhead: 900, tokensPerMs: 0.4 },
      { ...slow, tokensPerSecond: 180 },
    );
    assert.deepEqual([new Set(sizes), batchTokens], [new Set([256]), 256]);
  });

  it('stays within MAX_BATCH_TOKENS and the longest input', async () => {
    for (const maxBatchTokens of [1, 100, 300, 1_000]) {
      const { batchTokens, sizes } = await calibrateOn(
        { overhead: 5, tokensPerMs: 80 },
        { maxBatchTokens, maxTokens: 8 },
      );
      assert.ok(batchTokens <= maxBatchTokens && sizes.every((size) => size <= maxBatchTokens), String(batchTokens));
    }
  });
});
