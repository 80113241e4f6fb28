import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { Batcher } from '../../src/batching/batcher.ts';
import { BatchFailedError } from '../../src/engine/engine.ts';
import { PackedMeter } from '../../src/engine/packed/packed-meter.ts';
import type { Batch } from '../../src/engine/protocol.ts';
import { HotvecError } from '../../src/errors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hashRow } from '../support/hash-row.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';

const HIDDEN = 4;
const RUNS = 5_000;

type Step =
  | { do: 'arrive'; lengths: number[]; isRepeated: boolean; deadline: number | null }
  | { do: 'cancel'; which: number }
  | { do: 'advance'; milliseconds: number }
  | { do: 'answer' | 'fail' | 'lose' | 'recover' | 'turn' };

const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      lengths,
      isRepeated: fc.boolean(),
      deadline: fc.option(fc.nat(80)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), milliseconds: fc.nat(40) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('recover' as const) }) },
  // Without it, steps follow each other before any promise had its turn: late replies, double events.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
);

interface Submitted {
  sequences: Int32Array[];
  abort: AbortController;
  outcomes: (Float32Array[] | HotvecError)[];
}

function sequencesOf({ tokenIds, offsets }: Batch): string[] {
  return Array.from(offsets.subarray(1), (end, i) => tokenIds.subarray(offsets[i], end).join());
}

describe('Batcher under any order of events', () => {
  it('answers each request exactly once: with its own rows in order, or with an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const clock = new FakeClock();
        const engine = new ScriptedEngine(HIDDEN);
        const batcher = new Batcher({
          engine,
          clock,
          hiddenSize: HIDDEN,
          createMeter: () =>
            new PackedMeter({
              maxUniqueTokens: 60,
              vocabularySize: 1_000_000,
              cost: { perRow: 1, perSlotAndPosition: 0 },
            }),
          maxQueueTokens: 400,
          keyShare: 1,
          random: () => 0,
        });
        const submitted: Submitted[] = [];
        let token = 0;
        for (const one of steps) {
          switch (one.do) {
            case 'arrive': {
              // There are thirty repeated sequences, one of each length: the same in every request.
              const sequences = one.lengths.map((length) =>
                one.isRepeated
                  ? new Int32Array(length).fill(500_000 + length)
                  : Int32Array.from({ length }, () => token++),
              );
              const request: Submitted = { sequences, abort: new AbortController(), outcomes: [] };
              submitted.push(request);
              batcher
                .submit(sequences, {
                  signal: request.abort.signal,
                  ...(one.deadline === null ? {} : { deadline: clock.now() + one.deadline }),
                })
                .then(
                  ({ rows }) => request.outcomes.push(rows),
                  (error: HotvecError) => request.outcomes.push(error),
                );
              break;
            }
            case 'cancel':
              submitted[one.which]?.abort.abort();
              break;
            case 'advance':
              clock.advance(one.milliseconds);
              break;
            case 'answer':
              engine.answer();
              break;
            case 'fail':
              engine.fail(new BatchFailedError('scripted'));
              break;
            case 'lose':
              engine.lose();
              break;
            case 'recover':
              if (engine.state === 'restarting') engine.become('ready');
              break;
            case 'turn':
              await nextTurn();
          }
          assert.ok(engine.waiting.length <= 2, 'at most two batches are under way');
          const computing = engine.waiting.flatMap(({ batch }) => sequencesOf(batch));
          assert.equal(new Set(computing).size, computing.length, 'no sequence is computed twice at a time');
        }
        // Let everything end.
        await nextTurn();
        if (engine.state !== 'ready') engine.become('ready');
        for (await nextTurn(); engine.waiting.length > 0; await nextTurn()) engine.answer();

        assert.equal(batcher.queueTokens, 0);
        assert.equal(batcher.queueRequests, 0);
        assert.equal(clock.pending, 0, 'no timer outlives its request');
        // What was left behind of a sequence would keep the next who brings it waiting for ever.
        const seen = submitted.flatMap(({ sequences }) => sequences);
        const again = batcher.submit(seen);
        for (await nextTurn(); engine.waiting.length > 0; await nextTurn()) engine.answer();
        assert.deepEqual(
          (await again).rows.map((row) => Array.from(row)),
          seen.map((ids) => Array.from(hashRow(ids, HIDDEN))),
        );
        for (const { sequences, outcomes } of submitted) {
          assert.equal(outcomes.length, 1);
          const [outcome] = outcomes;
          if (outcome instanceof HotvecError) continue;
          assert.deepEqual(
            outcome?.map((row) => Array.from(row)),
            sequences.map((ids) => Array.from(hashRow(ids, HIDDEN))),
          );
        }
      }),
      { seed: 20, numRuns: RUNS },
    );
  });
});
