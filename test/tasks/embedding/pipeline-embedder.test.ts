import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { HotvecError } from '../../../src/errors.ts';
import type { EmbeddingFacts, EmbedInput, EmbedOptions } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import type { Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { hashRow } from '../../support/hash-row.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const END = 999;
/** One token a UTF-16 unit, and an end token. */
const tokenizer: Tokenizer = {
  ...unreadable,
  special: { before: 0, after: 1 },
  tokenize: async (texts) =>
    texts.map((text) => ({ ids: Int32Array.from([...Array.from(text, (_, i) => text.charCodeAt(i) % 900), END]) })),
};
const model = modelFacts({ matryoshkaMinimum: 32, prompts: { query: 'Q:', document: '' } });
const options: EmbedOptions = {
  dimensions: null,
  normalize: null,
  truncate: 'error',
  timeLimit: 1_000,
};

/** Names the inputs as a request does, and gives all the same prompt. */
function inputsOf(contents: (string | number[])[], role: EmbedInput['role'] = null): EmbedInput[] {
  return contents.map((content, i) => ({ content, name: `input[${i}]`, role, instruction: null }));
}

let engine: ScriptedEngine;
let embedder: PipelineEmbedder;

function create(changes: Partial<EmbeddingFacts> = {}, chosen: Tokenizer = tokenizer): void {
  const clock = new FakeClock();
  engine = new ScriptedEngine(64);
  const batcher = buildBatcher({
    engine,
    clock,
    hiddenSize: 64,
  });
  embedder = new PipelineEmbedder({ model: { ...model, ...changes }, tokenizer: chosen, batcher, cache: null, clock });
}

async function refusal(
  inputs: (string | number[])[],
  changes: Partial<EmbedOptions> = {},
  role: EmbedInput['role'] = null,
): Promise<[string, string | null]> {
  try {
    await embedder.embed(inputsOf(inputs, role), { ...options, ...changes });
  } catch (error) {
    const { code, param } = error as HotvecError;
    return [code, param];
  }
  throw new Error('was not refused');
}

describe('PipelineEmbedder.embed()', () => {
  beforeEach(() => create());

  it('refuses bad input before any work', async () => {
    assert.deepEqual(await refusal(['fits', '0123456789']), ['input_too_long', 'input[1]']);
    assert.deepEqual(await refusal(['x'.repeat(321)]), ['input_too_long', 'input[0]']);
    assert.deepEqual(await refusal(Array(6).fill('012345678')), ['too_many_tokens', null]);
    assert.deepEqual(await refusal([[1, 1_000]]), ['invalid_token_id', 'input[0]']);
    assert.deepEqual(await refusal([[1, 2.5]]), ['invalid_token_id', 'input[0]']);
    assert.deepEqual(await refusal(['x'], { dimensions: 31 }), ['invalid_dimensions', 'dimensions']);
    assert.deepEqual(await refusal(['x'], { dimensions: 65 }), ['invalid_dimensions', 'dimensions']);
    assert.deepEqual(await refusal([[1, 2]], {}, 'query'), ['invalid_input', 'input[0]']);
    assert.equal(engine.batchesSent, 0);
  });

  it('names the way out for clients that send ids of another tokenizer', async () => {
    await assert.rejects(embedder.embed(inputsOf([[100_257]]), options), /check_embedding_ctx_length=False/);
  });

  it('refuses ids where the tokenizer has no token by which they could be told, unless they are meant as they are', async () => {
    create({}, { ...tokenizer, special: { before: 0, after: 0 }, marks: { before: [], after: [] } });
    await assert.rejects(embedder.embed(inputsOf([[1, 2]]), options), {
      code: 'invalid_token_id',
      message: /puts no token around a text that would tell its ids/,
    });
    const done = embedder.embed(inputsOf([[1, 2]]), { ...options, tokenIds: 'as_is' });
    await new Promise(setImmediate);
    engine.answer();
    assert.deepEqual((await done).tokens, [2]);
  });

  it('serves only the native size of a model without Matryoshka dimensions', async () => {
    create({ matryoshkaMinimum: null });
    assert.deepEqual(await refusal(['x'], { dimensions: 32 }), ['invalid_dimensions', 'dimensions']);
  });

  it('is not ready before the fingerprint is known', async () => {
    create({ fingerprint: null });
    assert.equal(embedder.refusal?.code, 'not_ready');
    assert.deepEqual(await refusal(['x']), ['not_ready', null]);
  });

  it('turns a request away before it is tokenized, and says so to probes, when the engine is lost', async () => {
    create({}, { ...tokenizer, tokenize: () => assert.fail('it was tokenized') });
    engine.become('restarting');
    assert.deepEqual(await refusal(['x']), ['engine_restarting', null]);
    assert.equal(embedder.refusal?.code, 'engine_restarting');
  });

  it('turns a request away when the engine was given up while it was tokenized', async () => {
    const tokenize: Tokenizer['tokenize'] = (texts) => {
      engine.become('failed');
      return tokenizer.tokenize(texts);
    };
    create({}, { ...tokenizer, tokenize });
    assert.deepEqual(await refusal(['x']), ['not_ready', null]);
  });

  it('puts the prompt before the text, sends token ids as they are, and counts what was computed', async () => {
    const answer = () => engine.answer();
    const prompted = embedder.embed(inputsOf(['ab'], 'query'), options);
    await new Promise(setImmediate);
    assert.deepEqual(
      Array.from(engine.waiting[0]?.batch.tokenIds ?? []),
      ['Q', ':', 'a', 'b'].map((c) => c.charCodeAt(0)).concat(END),
    );
    answer();
    assert.deepEqual((await prompted).tokens, [5]);
    const raw = embedder.embed(inputsOf([[7, 8]]), options);
    await new Promise(setImmediate);
    assert.deepEqual(Array.from(engine.waiting[0]?.batch.tokenIds ?? []), [7, 8]);
    answer();
    assert.deepEqual((await raw).tokens, [2]);
  });

  it('truncates when asked, keeps the end token, and says so', async () => {
    const text = '0123456789abc';
    for (const [truncate, kept] of [
      ['end', '012345678'],
      ['start', '456789abc'],
    ] as const) {
      const done = embedder.embed(inputsOf(['short', text, 'y'.repeat(1_000)]), { ...options, truncate });
      await new Promise(setImmediate);
      const { tokenIds, offsets } = engine.waiting[0]?.batch ?? { tokenIds: [], offsets: [] };
      assert.deepEqual(Array.from(tokenIds.slice(offsets[0], offsets[1])), [
        ...Array.from(kept, (c) => c.charCodeAt(0)),
        END,
      ]);
      engine.answer();
      assert.deepEqual((await done).truncated, [false, true, true]);
    }
  });

  it('cuts the text and never the prompt before it, and refuses a prompt that leaves no room', async () => {
    for (const [truncate, kept] of [
      ['end', 'Q:0123456'],
      ['start', 'Q:6789abc'],
    ] as const) {
      const done = embedder.embed(inputsOf(['0123456789abc'], 'query'), { ...options, truncate });
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      assert.equal(String.fromCharCode(...(engine.waiting[0]?.batch.tokenIds.slice(0, -1) ?? [])), kept);
      engine.answer();
      await done;
    }
    create({ prompts: { query: 'nine long' } });
    assert.deepEqual(await refusal(['text'], { truncate: 'end' }, 'query'), ['input_too_long', null]);
  });

  it('puts a default prompt before texts, and nothing before token ids', async () => {
    create({ defaultPrompt: 'P:' });
    const done = embedder.embed(inputsOf(['ab', [97, 98, END]]), options);
    await new Promise(setImmediate);
    const { tokenIds } = engine.waiting[0]?.batch ?? { tokenIds: new Int32Array(0) };
    const ids = (text: string) => [...Array.from(text, (_, i) => text.charCodeAt(i) % 900), END];
    assert.deepEqual(Array.from(tokenIds), [...ids('P:ab'), ...ids('ab')]);
    engine.answer();
    await done;
  });

  it('refuses a text that the tokenizer reduces to nothing', async () => {
    create(
      {},
      {
        ...unreadable,
        special: { before: 0, after: 0 },
        tokenize: async (texts) => texts.map(() => ({ ids: new Int32Array(0) })),
      },
    );
    assert.deepEqual(await refusal([' ']), ['invalid_input', 'input[0]']);
  });

  it('gives the tokenizer all of a text, and says how many tokens are enough', async () => {
    const seen: [string, number | undefined][] = [];
    const spy: Tokenizer = {
      ...tokenizer,
      // Whatever the text has: two tokens.
      tokenize: async (texts, { enough } = {}) => {
        for (const text of texts) seen.push([text, enough]);
        return texts.map(() => ({ ids: Int32Array.of(1, END) }));
      },
    };
    create({}, spy);
    const text = ' '.repeat(100_000);
    for (const truncate of ['error', 'end', 'start'] as const) {
      const done = embedder.embed(inputsOf([text]), { ...options, truncate });
      await new Promise(setImmediate);
      engine.answer();
      assert.deepEqual((await done).truncated, [false]);
    }
    await embedder.tokenize(inputsOf([text]), 'keep');
    assert.deepEqual(seen, [
      [text, 10],
      [text, 10],
      [text, Number.POSITIVE_INFINITY],
      [text, 50],
    ]);
  });

  it('says of a text that was not read to its end that it has more tokens than may be', async () => {
    create(
      {},
      { ...tokenizer, tokenize: async (texts) => texts.map(() => ({ ids: new Int32Array(12), isCutShort: true })) },
    );
    await assert.rejects(embedder.embed(inputsOf(['a']), options), {
      code: 'input_too_long',
      message: /^input\[0\] has more than 10 tokens; the limit is 10 tokens per input/,
    });
  });

  it('does not put a prompt that is as long as a body before each of many texts', async () => {
    const instruction = ' '.repeat(2 ** 23);
    const inputs = inputsOf(['a', 'b', 'c']).map((input) => ({ ...input, instruction }));
    await assert.rejects(embedder.embed(inputs, options), {
      code: 'input_too_long',
      param: 'instruction',
      message: /^The instruction of 83886\d\d characters would be added to 3 inputs/,
    });
  });

  it('tokenizes no further than to the tokens a request may have, and all that may be needed', async () => {
    const texts = Array.from({ length: 2_000 }, (_, i) => `${i}`.padStart(300, '0'));
    const seen: string[] = [];
    const oneToken: Tokenizer = {
      ...unreadable,
      special: { before: 0, after: 0 },
      tokenize: async (piece) => {
        seen.push(...piece);
        return piece.map((text) => ({ ids: Int32Array.of(Number(text) % 1_000) }));
      },
    };
    create({}, oneToken);
    assert.deepEqual(await refusal(texts), ['too_many_tokens', null]);
    assert.ok(seen.length > 50 && seen.length < 1_500, `${seen.length} texts`);

    seen.length = 0;
    create({ maxRequestTokens: 2_000 }, oneToken);
    const done = embedder.embed(inputsOf(texts), options);
    // Each of the thousand ids occurs twice.
    for (let turn = 0; turn < 30; turn++) {
      await new Promise(setImmediate);
      engine.answer();
    }
    const {
      vectors,
      facts: { shared },
    } = await done;
    assert.deepEqual(seen, texts);
    assert.equal(shared, 1_000);
    for (const i of [0, 999, 1_999]) {
      const own = normalized(hashRow(Int32Array.of(i % 1_000), 64));
      assert.ok(largestDifference(vectors[i] as Float32Array, own) < 1e-6, `text ${i}`);
    }
  });

  it('refuses a text with a token that the model has no row for', async () => {
    create(
      { vocabularySize: 950 },
      { ...tokenizer, tokenize: async (texts) => texts.map(() => ({ ids: Int32Array.of(5, 960) })) },
    );
    await assert.rejects(embedder.embed(inputsOf(['a']), options), {
      code: 'invalid_token_id',
      message:
        /input\[0\] has a token \(id 960\) that the tokenizer knows but the model, with a vocabulary of 950, does not/,
    });
  });
});
