import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HotvecError } from '../../../src/errors.ts';
import { leastTokens } from '../../../src/tasks/embedding/accept-input.ts';
import type { EmbedInput } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import type { Encoding, Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';

const MAX_QUEUE_TOKENS = 1_000;
/** 100 tokens by the door's estimate, 100 in truth. */
const TEXT = 'x'.repeat(800);

const model = modelFacts({ rowSize: 8, maxInputTokens: 8_192, maxRequestTokens: 10_000, vocabularySize: 1_000_000 });

describe('Requests that come faster than they can be tokenized', () => {
  function create(tokensOfEach = 100) {
    const stuck: (() => void)[] = [];
    let calls = 0;
    const tokenizer = {
      special: { before: 0, after: 0 },
      tokenize: (texts: readonly string[]) =>
        new Promise<Encoding[]>((resolve) => {
          const first = 1_000 * ++calls;
          const ids = Int32Array.from({ length: tokensOfEach }, (_, i) => first + i);
          stuck.push(() => resolve(texts.map(() => ({ ids }) as Encoding)));
        }),
    } as unknown as Tokenizer;
    const clock = new FakeClock();
    const batcher = buildBatcher({
      engine: new ScriptedEngine(8),
      clock,
      hiddenSize: 8,
      batchTokens: 50,
      maxQueueTokens: MAX_QUEUE_TOKENS,
    });
    const embedder = new PipelineEmbedder({ model, tokenizer, batcher, cache: null, clock });
    const refused: HotvecError[] = [];
    const send = async () => {
      const input: EmbedInput = { content: TEXT, name: 'input', role: null, instruction: null };
      const options = { dimensions: null, normalize: null, truncate: 'error', timeLimit: 600_000 } as const;
      embedder.embed([input], options).catch((error: HotvecError) => refused.push(error));
      await nextTurn();
    };
    return { stuck, send, refused };
  }

  it('are refused at once beyond what may wait, and not tokenized first', async () => {
    const { stuck, send, refused } = create();
    for (let i = 0; i < 50; i++) await send();
    assert.equal(stuck.length, MAX_QUEUE_TOKENS / 100);
    assert.deepEqual(new Set(refused.map(({ code }) => code)), new Set(['overloaded']));
    assert.equal(refused.length, 50 - stuck.length);
  });

  it('are not refused once they are tokenized, for having a few more tokens than they looked like', async () => {
    const { stuck, send, refused } = create(120);
    for (let i = 0; i < 10; i++) await send();
    for (const release of stuck.splice(0)) release();
    await nextTurn();
    await nextTurn();
    // One is under way, and 1,080 tokens wait.
    assert.deepEqual(refused, []);
    await send();
    assert.equal(stuck.length, 0, 'for the next one the bound is what it was');
    assert.equal(refused.length, 1);
  });

  it('are let in again when those before are tokenized and computed, or failed', async () => {
    const { stuck, send, refused } = create();
    for (let i = 0; i < 11; i++) await send();
    assert.equal(refused.length, 1);
    for (const release of stuck.splice(0)) release();
    await nextTurn();
    await nextTurn();
    // One batch of one sequence is under way, the others wait in the queue: there is room for one.
    await send();
    assert.equal(refused.length, 1);
    await send();
    assert.equal(refused.length, 2);
  });
});

describe('leastTokens()', () => {
  it('is no more than a text will have, cut or not, and exact for token ids', () => {
    const accepted = (content: string | number[]) =>
      ({ content, name: '' }) as Parameters<typeof leastTokens>[0][number];
    assert.equal(leastTokens([accepted('a'.repeat(81)), accepted([1, 2, 3])], 8_192), 13);
    assert.equal(leastTokens([accepted('a'.repeat(800)), accepted([1, 2, 3])], 2), 4);
  });
});
