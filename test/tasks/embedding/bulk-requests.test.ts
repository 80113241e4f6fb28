import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EmbedInput, EmbedOptions } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import type { Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const OF_A_TURN = 8;
const REQUESTS = 41;

/** @param untilRead what everything but bulk is tokenized after. */
function create(untilRead = Promise.resolve()) {
  let nextToken = 0;
  const asked: (boolean | undefined)[] = [];
  const tokenizer: Tokenizer = {
    ...unreadable,
    special: { before: 0, after: 0 },
    tokenize: async (texts, { isBulk } = {}) => {
      asked.push(isBulk);
      if (isBulk !== true) await untilRead;
      return texts.map(() => ({ ids: Int32Array.of(++nextToken) }));
    },
  };
  const clock = new FakeClock();
  const engine = new ScriptedEngine(64);
  const batcher = buildBatcher({ engine, clock, hiddenSize: 64 });
  const embedder = new PipelineEmbedder({ model: modelFacts(), tokenizer, batcher, cache: null, clock });
  const embed = (priority: EmbedOptions['priority'], texts = 1) => {
    const input: EmbedInput = { content: 'sentence', name: 'input', role: null, instruction: null };
    return embedder.embed(new Array(texts).fill(input), {
      dimensions: null,
      normalize: null,
      truncate: 'error',
      timeLimit: 1e6,
      priority,
    });
  };
  return { asked, engine, embed };
}

/** How many of as many small requests, computed in one batch, are answered in each turn of the event loop. */
async function answeredByTurn(priority: EmbedOptions['priority']): Promise<number[]> {
  const { engine, embed } = create();
  let answered = 0;
  const first = embed(priority);
  await nextTurn();
  const others = Array.from({ length: REQUESTS - 1 }, async () => {
    await embed(priority);
    answered += 1;
  });
  await nextTurn();
  engine.answer();
  await first;
  engine.answer();
  const byTurn: number[] = [];
  for (let before = 0; before < REQUESTS - 1; before = answered) {
    await nextTurn();
    byTurn.push(answered - before);
  }
  await Promise.all(others);
  return byTurn.filter((count) => count > 0);
}

describe('Small requests of bulk', () => {
  it('are not tokenized among the texts of those who wait', async () => {
    const { asked, engine, embed } = create();
    for (const priority of ['bulk', 'interactive', undefined] as const) {
      const done = embed(priority);
      await nextTurn();
      engine.answer();
      await done;
    }
    assert.deepEqual(asked, [true, false, false]);
  });

  it('are finished a few in a turn of the event loop, as many as one batch may have been of', async () => {
    const byTurn = await answeredByTurn('bulk');
    assert.ok(Math.max(...byTurn) <= OF_A_TURN, `they were answered by ${byTurn}`);
    assert.equal(byTurn.length, (REQUESTS - 1) / OF_A_TURN);
    assert.deepEqual(await answeredByTurn('interactive'), [REQUESTS - 1], 'what someone waits for is not put off');
  });

  for (const priority of ['interactive', undefined] as const) {
    it(`wait for a query that is being tokenized, ${priority ?? 'by its size'}`, async () => {
      let read = () => {};
      const { engine, embed } = create(
        new Promise((resolve) => {
          read = resolve;
        }),
      );
      const query = embed(priority);
      const bulk = embed('bulk');
      await nextTurn();
      assert.equal(engine.waiting.length, 0);
      read();
      await nextTurn();
      assert.equal(engine.waiting[0]?.batch.tokenIds.length, 2, 'both in the first batch');
      engine.answer();
      await Promise.all([query, bulk]);
    });
  }

  it('do not wait for many texts that are being tokenized, nor for each other', async () => {
    const { engine, embed } = create(new Promise(() => {}));
    void embed('interactive', 257);
    const bulk = embed('bulk');
    await nextTurn();
    engine.answer();
    await bulk;
  });
});
