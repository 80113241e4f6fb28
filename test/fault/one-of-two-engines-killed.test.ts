import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock as clock } from '../../src/clock.ts';
import { HotvecError } from '../../src/errors.ts';
import { PackedMeter } from '../../src/formats/causal/packed-meter.ts';
import { extent } from '../soak/extent.ts';
import { buildBatcher } from '../support/build-batcher.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { golden, starterManifest } from '../support/starter.ts';
import { groupEngines, realEngineEntry, until } from '../support/supervised-engine.ts';

const CLIENTS = 12;
const KILLS = extent(2, 4);
const texts = golden.texts.filter(({ ids }) => ids.length <= 512);

describe('one of two engines killed with SIGKILL under load', () => {
  it('costs no request its rows, nor gives it those of another', async () => {
    const { group, events } = await groupEngines(realEngineEntry, [[0, 1]]);
    await group.start();
    const { cost, hiddenSize } = await starterManifest();
    const batchTokens = 256;
    const batcher = buildBatcher({
      engine: group,
      clock,
      hiddenSize,
      createMeter: () => new PackedMeter({ maxUniqueTokens: batchTokens, cost }),
      maxQueueTokens: 600_000,
    });
    let running = true;
    const outcomes = { right: 0, lostTwice: 0, other: [] as unknown[] };

    async function client(number: number): Promise<void> {
      const random = new SeededRandom(number);
      while (running) {
        const chosen = Array.from({ length: random.integer(1, 20) }, () => random.pick(texts));
        try {
          const { rows } = await batcher.submit(chosen.map(({ ids }) => Int32Array.from(ids)));
          const isRight = rows.every(
            (row, i) => largestDifference(normalized(row), chosen[i]?.vector as number[]) < 2e-6,
          );
          if (isRight && rows.length === chosen.length) outcomes.right += 1;
          else outcomes.other.push('wrong rows');
        } catch (error) {
          // A retried batch may meet the next kill.
          if (error instanceof HotvecError && error.code === 'engine_restarting') outcomes.lostTwice += 1;
          else outcomes.other.push(error);
        }
      }
    }

    try {
      const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
      for (let kill = 0; kill < KILLS; kill++) {
        const rightBefore = outcomes.right;
        await until(() => outcomes.right > rightBefore + 20);
        process.kill(group.processIds[kill % 2] as number, 'SIGKILL');
        await until(() => events.filter(({ kind }) => kind === 'lost').length === kill + 1);
        // The other one serves on.
        assert.equal(group.state, 'ready');
        const rightAfter = outcomes.right;
        await until(() => outcomes.right > rightAfter + 20);
        await until(() => group.processesReady === 2);
      }
      running = false;
      await Promise.all(clients);
      assert.deepEqual(outcomes.other, []);
      assert.equal(outcomes.lostTwice, 0, 'the other engine was there to take each lost batch');
    } finally {
      running = false;
      await group.close();
    }
  });
});
