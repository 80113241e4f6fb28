import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Batcher } from '../../../src/batching/batcher.ts';
import { BatchFailedError } from '../../../src/engine/engine.ts';
import { HotvecError } from '../../../src/errors.ts';
import { PackedMeter } from '../../../src/formats/qwen3/packed-meter.ts';
import type { EmbedInput, EmbedOptions, ModelFacts } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import { VectorCache } from '../../../src/tasks/embedding/vector-cache.ts';
import type { Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { hashRow } from '../../support/hash-row.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const SIZE = 8;
const model = {
  dimensions: SIZE,
  rowSize: SIZE,
  matryoshkaMinimum: null,
  matryoshkaDimensions: [],
  maxInputTokens: 10,
  maxRequestTokens: 30,
  vocabularySize: 1_000,
  normalization: 'after_cut',
  prompts: { query: 'Q:' },
  defaultPrompt: '',
  takesInstructions: true,
  fingerprint: 'f',
} as unknown as ModelFacts;
/** One token a UTF-16 unit. */
const tokenizer: Tokenizer = {
  ...unreadable,
  special: { before: 0, after: 0 },
  tokenize: async (texts) => texts.map((text) => ({ ids: Int32Array.from(text, (unit) => unit.charCodeAt(0)) })),
};
const options: EmbedOptions = { dimensions: null, normalize: null, truncate: 'error', timeLimit: 1_000 };

let engine: ScriptedEngine;
let embedder: PipelineEmbedder;

function create(cacheBytes = 0): void {
  const clock = new FakeClock();
  engine = new ScriptedEngine(SIZE);
  const batcher = new Batcher({
    engine,
    clock,
    hiddenSize: SIZE,
    createMeter: () =>
      new PackedMeter({ maxUniqueTokens: 100, vocabularySize: 1_000, cost: { perRow: 1, perSlotAndPosition: 0 } }),
    maxQueueTokens: 1_000,
    keyShare: 1,
    random: () => 0,
  });
  const cache = cacheBytes === 0 ? null : new VectorCache(model, cacheBytes);
  embedder = new PipelineEmbedder({ model, tokenizer, batcher, cache, clock });
}

function inputsOf(contents: readonly (string | number[])[], role: EmbedInput['role'] = null): EmbedInput[] {
  return contents.map((content, i) => ({ content, name: `input[${i}]`, role, instruction: null }));
}

async function embedEach(contents: (string | number[])[], changes: Partial<EmbedOptions> = {}) {
  const done = embedder.embedEach(inputsOf(contents), { ...options, ...changes });
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  engine.answer();
  return done;
}

/** `code param` of each failed input, and `ok` for each vector. */
function outcomes(vectors: readonly (Float32Array | HotvecError)[]): string[] {
  return vectors.map((vector) => (vector instanceof HotvecError ? `${vector.code} ${vector.param}` : 'ok'));
}

describe('Embedder.embedEach()', () => {
  beforeEach(() => create());

  it('has an error in the place of each text that cannot be embedded, and the vectors of the others', async () => {
    const { vectors, tokens, truncated } = await embedEach([
      '',
      'abc',
      '01234567890',
      'x\ud800',
      'de',
      'y'.repeat(321),
    ]);
    assert.deepEqual(outcomes(vectors), [
      'empty_input input[0]',
      'ok',
      'input_too_long input[2]',
      'invalid_input input[3]',
      'ok',
      'input_too_long input[5]',
    ]);
    for (const [i, text] of [
      [1, 'abc'],
      [4, 'de'],
    ] as const) {
      const own = normalized(
        hashRow(
          Int32Array.from(text, (unit) => unit.charCodeAt(0)),
          SIZE,
        ),
      );
      assert.ok(largestDifference(vectors[i] as Float32Array, own) < 1e-6);
    }
    assert.deepEqual(tokens, [0, 3, 0, 0, 2, 0]);
    assert.ok(truncated.every((one) => !one));
  });

  it('does so for token ids', async () => {
    const { vectors, tokens } = await embedEach([[1, 2], [], [1_000], [3]]);
    assert.deepEqual(outcomes(vectors), ['ok', 'empty_input input[1]', 'invalid_token_id input[2]', 'ok']);
    assert.deepEqual(tokens, [2, 0, 0, 1]);
  });

  it('does so for rows without direction, and for batches that fail', async () => {
    const done = embedder.embedEach(inputsOf(['abc', 'de']), options);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    const rows = new Float32Array(2 * SIZE).fill(0.5);
    // Longest first: the first row is that of the first text.
    rows[3] = Number.NaN;
    engine.waiting.shift()?.resolve({ rows, computedTokens: 5, inferMilliseconds: 1 });
    const { vectors, tokens } = await done;
    assert.deepEqual(outcomes(vectors), ['non_finite_output null', 'ok']);
    assert.deepEqual(tokens, [0, 2]);

    const failed = embedder.embedEach(inputsOf(['abc', 'de']), options);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    // Both together, then each alone.
    for (let batch = 0; batch < 3; batch++) {
      engine.fail(new BatchFailedError('out of memory'));
      await nextTurn();
    }
    assert.deepEqual(outcomes((await failed).vectors), ['inference_failed null', 'inference_failed null']);
  });

  it('serves from the cache what it has, and keeps no error in it', async () => {
    create(1_000_000);
    await embedEach(['abc']);
    const failed = embedder.embedEach(inputsOf(['abc', 'de', '']), options);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    engine.fail(new BatchFailedError('out of memory'));
    const { vectors, cache } = await failed;
    assert.deepEqual(outcomes(vectors), ['ok', 'inference_failed null', 'empty_input input[2]']);
    assert.deepEqual(cache, { hits: 1, misses: 1 });
    assert.deepEqual(outcomes((await embedEach(['de'])).vectors), ['ok']);
  });

  it('gives errors alone where every input fails, without an engine having run', async () => {
    const { vectors, batches } = await embedEach(['', '01234567890']);
    assert.deepEqual(outcomes(vectors), ['empty_input input[0]', 'input_too_long input[1]']);
    assert.equal(batches, 0);
    assert.equal(engine.batchesSent, 0);
  });

  it('fails as a whole for what concerns the whole request', async () => {
    await assert.rejects(embedder.embedEach(inputsOf(['a']), { ...options, dimensions: 3 }), {
      code: 'invalid_dimensions',
    });
    await assert.rejects(embedder.embedEach(inputsOf(Array(4).fill('0123456789')), options), {
      code: 'too_many_tokens',
    });
    const [one] = inputsOf(['a']) as [EmbedInput];
    await assert.rejects(embedder.embedEach([{ ...one, role: 'document', instruction: 'Find' }], options), {
      code: 'invalid_input',
      param: 'instruction',
    });
    const tooLongPrompt = { ...one, content: 'x', role: 'query' as const, instruction: 'Find it' };
    await assert.rejects(embedder.embedEach([tooLongPrompt], { ...options, truncate: 'end' }), {
      code: 'input_too_long',
      param: 'instruction',
    });
    engine.become('restarting');
    await assert.rejects(embedder.embedEach(inputsOf(['a']), options), { code: 'engine_restarting' });
  });

  it('counts no token of a text that is too long against the request', async () => {
    const contents = ['0123456789', ...Array(5).fill('01234567890'), '0123456789'];
    assert.deepEqual(
      outcomes((await embedEach(contents)).vectors).map((outcome) => outcome.split(' ')[0]),
      ['ok', ...Array(5).fill('input_too_long'), 'ok'],
    );
  });
});

describe('Embedder.embed() and embedEach()', () => {
  beforeEach(() => create());

  it('agree on what is wrong with an input', async () => {
    for (const content of ['', '01234567890', 'x\ud800', [1_000]]) {
      const { vectors } = await embedEach([content as string]);
      const [error] = vectors as [HotvecError];
      await assert.rejects(embedder.embed(inputsOf([content as string]), options), {
        code: error.code,
        message: error.message,
        param: error.param,
      });
    }
  });
});

describe('Embedder.tokenize()', () => {
  beforeEach(() => create());

  it('gives what embed() would compute, prompt and cut included, while there is no engine', async () => {
    engine.become('restarting');
    const ids = async (text: string, overlength: 'end' | 'start' | 'keep') =>
      (await embedder.tokenize(inputsOf([text], 'query'), overlength)).map((one) => [
        String.fromCharCode(...one.ids),
        one.truncated,
      ]);
    assert.deepEqual(await ids('abc', 'end'), [['Q:abc', false]]);
    assert.deepEqual(await ids('0123456789', 'end'), [['Q:01234567', true]]);
    assert.deepEqual(await ids('0123456789', 'start'), [['Q:23456789', true]]);
    assert.deepEqual(await ids('0123456789', 'keep'), [['Q:0123456789', false]]);
  });

  it('has the limits of embed()', async () => {
    const refused = (contents: string[], code: string) =>
      assert.rejects(embedder.tokenize(inputsOf(contents), 'keep'), { code });
    await refused(['a', ''], 'empty_input');
    await refused(['x\ud800'], 'invalid_input');
    await refused(Array(4).fill('0123456789'), 'too_many_tokens');
  });
});
