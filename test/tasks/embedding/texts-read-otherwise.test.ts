import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { HotvecError } from '../../../src/errors.ts';
import type { EmbeddingFacts, EmbedOptions, EmbedResult } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import type { Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const UNKNOWN = 0;
/** One token a character, a question mark is unknown, a space is none. */
const tokenizer: Tokenizer = {
  ...unreadable,
  special: { before: 0, after: 0 },
  marks: { before: [], after: [] },
  tokenize: async (texts) =>
    texts.map((text) => {
      const characters = [...text].filter((character) => character !== ' ');
      return { ids: Int32Array.from(characters, (one) => (one === '?' ? UNKNOWN : (one.codePointAt(0) as number))) };
    }),
};
const textRules = { source: 'a tool', leftOut: UNKNOWN, maxCharacters: 6 };
const model = modelFacts({ vocabularySize: 200_000, maxInputTokens: 4, textRules });
const options: EmbedOptions = { dimensions: null, normalize: null, truncate: 'error', timeLimit: 1_000 };
const idsOf = (text: string) => Array.from(text, (character) => character.codePointAt(0) as number);

let engine: ScriptedEngine;
let embedder: PipelineEmbedder;
function create(changes: Partial<EmbeddingFacts> = {}): void {
  const clock = new FakeClock();
  engine = new ScriptedEngine(64);
  const batcher = buildBatcher({ engine, clock, hiddenSize: 64 });
  embedder = new PipelineEmbedder({ model: { ...model, ...changes }, tokenizer, batcher, cache: null, clock });
}

/** What became of the texts, and the sequences that the engine was asked. */
async function embed(
  contents: (string | number[])[],
  changes: Partial<EmbedOptions> = {},
): Promise<EmbedResult & { asked: number[][] }> {
  const inputs = contents.map((content, i) => ({ content, name: `input[${i}]`, role: null, instruction: null }));
  const done = embedder.embed(inputs, { ...options, ...changes });
  done.catch(() => {});
  await new Promise(setImmediate);
  const asked: number[][] = [];
  const [waiting] = engine.waiting;
  if (waiting !== undefined) {
    const { tokenIds, offsets } = waiting.batch;
    for (let i = 0; i + 1 < offsets.length; i++) asked.push(Array.from(tokenIds.subarray(offsets[i], offsets[i + 1])));
    engine.answer();
  }
  return { ...(await done), asked };
}

async function refusal(contents: (string | number[])[], changes: Partial<EmbedOptions> = {}): Promise<string[]> {
  try {
    await embed(contents, changes);
  } catch (error) {
    const { code, param } = error as HotvecError;
    return [code, String(param)];
  }
  throw new Error('was not refused');
}

describe('a model that leaves a token out, and counts characters before tokens', () => {
  beforeEach(() => create());

  it('leaves the token out of texts and token ids, once they were cut', async () => {
    assert.deepEqual((await embed(['a?b?'])).asked, [idsOf('ab')]);
    const cut = await embed(['??abc'], { truncate: 'end' });
    assert.deepEqual([cut.asked, cut.tokens, cut.truncated], [[idsOf('ab')], [2], [true]]);
    assert.deepEqual((await embed([[UNKNOWN, 5]], { tokenIds: 'as_is' })).asked, [[5]]);
  });

  it('refuses a text of which nothing is left, or that has no token', async () => {
    assert.deepEqual(await refusal(['ab', '???']), ['invalid_input', 'input[1]']);
    assert.deepEqual(await refusal(['   ']), ['invalid_input', 'input[0]']);
    assert.deepEqual(await refusal(['']), ['empty_input', 'input[0]']);
    assert.deepEqual(await refusal(['????a'], { truncate: 'end' }), ['invalid_input', 'input[0]']);
    const { vectors, failures } = await embed(['?', 'a', ' '], { onError: 'partial' });
    assert.deepEqual([vectors.length, [...failures.keys()]], [1, [0, 2]]);
  });

  it('refuses a text with more characters than it reads, or cuts it there first, but never inside a character', async () => {
    assert.deepEqual(await refusal(['a      b']), ['input_too_long', 'input[0]']);
    const spaces = await embed(['a      b'], { truncate: 'end' });
    assert.deepEqual([spaces.asked, spaces.truncated], [[idsOf('a')], [true]]);
    // Six characters of two UTF-16 units each, of which four are tokens.
    const faces = '  😀😀😀😀';
    assert.deepEqual((await embed([faces])).asked, [idsOf('😀😀😀😀')]);
    const longer = await embed([`   ${faces}`], { truncate: 'end' });
    assert.deepEqual([longer.asked, longer.truncated], [[idsOf('😀')], [true]]);
  });

  it('reads the end of a text whose start may be cut off', async () => {
    const { asked } = await embed(['ab        cdef'], { truncate: 'start' });
    assert.deepEqual(asked, [idsOf('cdef')]);
  });

  it('gives zeros where the operator wants them, without asking the engine, in their places', async () => {
    create({ emptyTexts: 'zeros' });
    const { vectors, tokens, asked } = await embed(['', 'a', '??', ' ']);
    assert.deepEqual(asked, [idsOf('a')]);
    assert.deepEqual(tokens, [0, 1, 0, 0]);
    assert.deepEqual(
      vectors.map((vector) => vector.some((component) => component !== 0)),
      [false, true, false, false],
    );
    assert.ok(vectors.every((vector) => vector.length === 64 && vector.every(Number.isFinite)));
    const nothing = await embedder.embed([{ content: '', name: 'input', role: null, instruction: null }], options);
    assert.deepEqual(nothing.vectors, [new Float32Array(64)]);
    // An empty list of ids is no text.
    assert.deepEqual(await refusal([[]], { tokenIds: 'as_is' }), ['empty_input', 'input[0]']);
  });

  it('gives no token vectors for what is empty', async () => {
    create({ emptyTexts: 'zeros' });
    const { vectors } = await embed(['', 'a'], { perToken: true });
    assert.deepEqual(
      vectors.map(({ length }) => length),
      [0, 64],
    );
  });
});
