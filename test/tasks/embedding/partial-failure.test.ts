import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatchFailedError } from '../../../src/engine/engine.ts';
import type { HotvecError } from '../../../src/errors.ts';
import type { EmbedInput, EmbedOptions, EmbedResult } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import { VectorCache } from '../../../src/tasks/embedding/vector-cache.ts';
import type { Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { hashRow } from '../../support/hash-row.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const SIZE = 8;
const model = modelFacts({ rowSize: SIZE, maxRequestTokens: 30, prompts: { query: 'Q:' } });
/** One token a UTF-16 unit. */
const tokenizer: Tokenizer = {
  ...unreadable,
  special: { before: 0, after: 0 },
  tokenize: async (texts) => texts.map((text) => ({ ids: Int32Array.from(text, (unit) => unit.charCodeAt(0)) })),
};
const options: EmbedOptions = { dimensions: null, normalize: null, truncate: 'error', timeLimit: 1_000 };
const partial: EmbedOptions = { ...options, onError: 'partial' };

let engine: ScriptedEngine;
let embedder: PipelineEmbedder;

function create(cacheBytes = 0): void {
  const clock = new FakeClock();
  engine = new ScriptedEngine(SIZE);
  const batcher = buildBatcher({
    engine,
    clock,
    hiddenSize: SIZE,
  });
  const cache =
    cacheBytes === 0 ? null : new VectorCache({ rowSize: model.rowSize, maxBytes: cacheBytes, space: () => model });
  embedder = new PipelineEmbedder({ model, tokenizer, batcher, cache, clock });
}

function inputsOf(contents: readonly (string | number[])[], role: EmbedInput['role'] = null): EmbedInput[] {
  return contents.map((content, i) => ({ content, name: `input[${i}]`, role, instruction: null }));
}

async function embedPartly(contents: (string | number[])[]): Promise<EmbedResult> {
  const done = embedder.embed(inputsOf(contents), partial);
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  engine.answer();
  return done;
}

/** `code param` of each failed input, and `ok` for each of the others, which have the vectors. */
function outcomes({ vectors, failures }: EmbedResult): string[] {
  return Array.from({ length: vectors.length + failures.size }, (_, position) => {
    const failure = failures.get(position);
    return failure === undefined ? 'ok' : `${failure.code} ${failure.param}`;
  });
}

describe("Embedder.embed() with onError: 'partial'", () => {
  beforeEach(() => create());

  it('says of each text that cannot be embedded why, by its place, and has the vectors of the others', async () => {
    const result = await embedPartly(['', 'abc', '01234567890', 'x\ud800', 'de', 'y'.repeat(321)]);
    assert.deepEqual(outcomes(result), [
      'empty_input input[0]',
      'ok',
      'input_too_long input[2]',
      'invalid_input input[3]',
      'ok',
      'input_too_long input[5]',
    ]);
    for (const [i, text] of ['abc', 'de'].entries()) {
      const own = normalized(
        hashRow(
          Int32Array.from(text, (unit) => unit.charCodeAt(0)),
          SIZE,
        ),
      );
      assert.ok(largestDifference(result.vectors[i] as Float32Array, own) < 1e-6);
    }
    assert.equal(result.vectors.length, 2);
    assert.deepEqual(result.tokens, [3, 2]);
    assert.deepEqual(result.truncated, [false, false]);
  });

  it('does so for token ids', async () => {
    const result = await embedPartly([[1, 2], [], [1_000], [3]]);
    assert.deepEqual(outcomes(result), ['ok', 'empty_input input[1]', 'invalid_token_id input[2]', 'ok']);
    assert.deepEqual(result.tokens, [2, 1]);
  });

  it('does so for rows without direction, and for batches that fail', async () => {
    const done = embedder.embed(inputsOf(['abc', 'de']), partial);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    const rows = new Float32Array(2 * SIZE).fill(0.5);
    // Longest first: the first row is that of the first text.
    rows[3] = Number.NaN;
    engine.waiting.shift()?.resolve({ rows, computedTokens: 5, inferMilliseconds: 1 });
    const result = await done;
    assert.deepEqual(outcomes(result), ['non_finite_output null', 'ok']);
    assert.deepEqual(result.tokens, [2]);
    assert.ok(largestDifference(result.vectors[0] as Float32Array, normalized(rows.slice(SIZE))) < 1e-6);

    // The first input fails before: rows are not at the places of inputs.
    const failed = embedder.embed(inputsOf(['', 'abc', 'de']), partial);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    // Both together, then each alone.
    for (let batch = 0; batch < 3; batch++) {
      engine.fail(new BatchFailedError('out of memory'));
      await nextTurn();
    }
    const codes = ['empty_input input[0]', 'inference_failed null', 'inference_failed null'];
    assert.deepEqual(outcomes(await failed), codes);
  });

  it('serves from the cache what it has, and keeps no error in it', async () => {
    create(1_000_000);
    await embedPartly(['abc']);
    const failed = embedder.embed(inputsOf(['abc', 'de', '']), partial);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    engine.fail(new BatchFailedError('out of memory'));
    const result = await failed;
    assert.deepEqual(outcomes(result), ['ok', 'inference_failed null', 'empty_input input[2]']);
    assert.deepEqual(result.facts.cache, { hits: 1, misses: 1 });
    assert.deepEqual(outcomes(await embedPartly(['de'])), ['ok']);
  });

  it('gives errors alone where every input fails, without an engine having run', async () => {
    const result = await embedPartly(['', '01234567890']);
    assert.deepEqual(outcomes(result), ['empty_input input[0]', 'input_too_long input[1]']);
    assert.equal(result.facts.batches, 0);
    assert.equal(engine.batchesSent, 0);
  });

  it('fails as a whole for what concerns the whole request', async () => {
    await assert.rejects(embedder.embed(inputsOf(['a']), { ...partial, dimensions: 3 }), {
      code: 'invalid_dimensions',
    });
    await assert.rejects(embedder.embed(inputsOf(Array(4).fill('0123456789')), partial), {
      code: 'too_many_tokens',
    });
    const [one] = inputsOf(['a']) as [EmbedInput];
    await assert.rejects(embedder.embed([{ ...one, role: 'document', instruction: 'Find' }], partial), {
      code: 'invalid_input',
      param: 'instruction',
    });
    const tooLongPrompt = { ...one, content: 'x', role: 'query' as const, instruction: 'Find it' };
    await assert.rejects(embedder.embed([tooLongPrompt], { ...partial, truncate: 'end' }), {
      code: 'input_too_long',
      param: 'instruction',
    });
    engine.become('restarting');
    await assert.rejects(embedder.embed(inputsOf(['a']), partial), { code: 'engine_restarting' });
  });

  it('counts no token of a text that is too long against the request', async () => {
    const contents = ['0123456789', ...Array(5).fill('01234567890'), '0123456789'];
    assert.deepEqual(
      outcomes(await embedPartly(contents)).map((outcome) => outcome.split(' ')[0]),
      ['ok', ...Array(5).fill('input_too_long'), 'ok'],
    );
  });
});

describe('Embedder.embed(), failing as a whole or in part', () => {
  beforeEach(() => create());

  it('agrees on what is wrong with an input', async () => {
    for (const content of ['', '01234567890', 'x\ud800', [1_000]]) {
      const { failures } = await embedPartly([content as string]);
      const error = failures.get(0) as HotvecError;
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
