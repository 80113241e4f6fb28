import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatchFailedError } from '../../../src/engine/engine.ts';
import type { HotvecError } from '../../../src/errors.ts';
import type { EmbeddingFacts, EmbedOptions, EmbedResult } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import { VectorCache } from '../../../src/tasks/embedding/vector-cache.ts';
import type { Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { hashRow } from '../../support/hash-row.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const HIDDEN = 64;
const MEBIBYTE = 2 ** 20;
/** Inputs are token ids here. */
const tokenizer: Tokenizer = { ...unreadable, special: { before: 0, after: 0 }, tokenize: async () => [] };
const options: EmbedOptions = { dimensions: null, normalize: false, truncate: 'error', timeLimit: 1_000 };

function create({ maxBytes = MEBIBYTE, maxQueueTokens = 10 } = {}) {
  const model = modelFacts({
    rowSize: HIDDEN,
    matryoshkaMinimum: 16,
    maxInputTokens: 100,
    maxRequestTokens: 1_000,
    fingerprint: 'one',
  });
  const clock = new FakeClock();
  const engine = new ScriptedEngine(HIDDEN);
  const batcher = buildBatcher({
    engine,
    clock,
    hiddenSize: HIDDEN,
    createMeter: () => ({ fits: () => true, add: () => {} }),
    maxQueueTokens,
  });
  const cache = new VectorCache({ rowSize: HIDDEN, maxBytes, space: () => model });
  const embedder = new PipelineEmbedder({ model, tokenizer, batcher, cache, clock });
  const embed = (contents: number[][], changes: Partial<EmbedOptions> = {}) =>
    embedder.embed(
      contents.map((content, i) => ({ content, name: `input[${i}]`, role: null, instruction: null })),
      { ...options, ...changes },
    );
  /** Embeds, while the engine answers at once. */
  async function answered(contents: number[][], changes: Partial<EmbedOptions> = {}): Promise<EmbedResult> {
    const result = embed(contents, changes);
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      engine.answer();
    }
    return result;
  }
  return { model, clock, engine, batcher, cache, embed, answered };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'answered',
    (error: HotvecError) => error.code,
  );
}

const bitsOf = (vector: Float32Array | undefined) =>
  Array.from(new Uint32Array((vector as Float32Array).slice().buffer));

describe('With a vector cache', () => {
  it('a repeated input is answered to the bit as it was computed, and not computed again', async () => {
    const { answered, engine } = create();
    const first = await answered([[1, 2], [3]]);
    const second = await answered([[3], [4], [1, 2]]);
    assert.deepEqual(
      [first.facts.cache, second.facts.cache],
      [
        { hits: 0, misses: 2 },
        { hits: 2, misses: 1 },
      ],
    );
    for (const [i, ids] of [[3], [4], [1, 2]].entries()) {
      assert.deepEqual(bitsOf(second.vectors[i]), bitsOf(hashRow(Int32Array.from(ids), HIDDEN)));
    }
    assert.deepEqual(second.tokens, [1, 1, 2], 'usage is that of the texts');
    assert.equal(engine.batchesSent, 2);
    const third = await answered([[4]]);
    assert.equal(engine.batchesSent, 2, 'nothing was sent');
    assert.deepEqual(third.facts, {
      timings: { tokenize: 0, queue: 0, infer: 0 },
      batches: 0,
      lastBatchId: null,
      lastBatchItems: null,
      shared: 0,
      cache: { hits: 1, misses: 0 },
    });
  });

  it('one entry serves every number of dimensions, normalized or not', async () => {
    const { answered, engine } = create();
    await answered([[1, 2]], { dimensions: 16, normalize: true });
    for (const normalize of [true, false]) {
      for (const dimensions of [16, 20, null]) {
        const cached = await answered([[1, 2]], { dimensions, normalize });
        const computed = await create().answered([[1, 2]], { dimensions, normalize });
        assert.deepEqual(bitsOf(cached.vectors[0]), bitsOf(computed.vectors[0]));
      }
    }
    assert.equal(engine.batchesSent, 1);
  });

  it('writing into a returned vector changes no other client’s copy', async () => {
    const { answered, embed, engine } = create();
    const together = [
      embed([[1, 2]]),
      embed([
        [1, 2],
        [1, 2],
      ]),
    ];
    await nextTurn();
    engine.answer();
    const [first, second] = (await Promise.all(together)) as [EmbedResult, EmbedResult];
    first.vectors[0]?.fill(7);
    second.vectors[0]?.fill(8);
    const expected = bitsOf(hashRow(Int32Array.of(1, 2), HIDDEN));
    assert.deepEqual(bitsOf(second.vectors[1]), expected);
    const third = await answered([[1, 2]]);
    third.vectors[0]?.fill(9);
    assert.deepEqual(bitsOf((await answered([[1, 2]])).vectors[0]), expected);
  });

  it('a vector of another space, precision or device is not found', async () => {
    for (const change of [{ fingerprint: 'two' }, { dtype: 'int8' }, { device: 'cuda' }] as Partial<EmbeddingFacts>[]) {
      const { answered, model } = create();
      await answered([[1]]);
      Object.assign(model, change);
      assert.deepEqual((await answered([[1]])).facts.cache, { hits: 0, misses: 1 }, JSON.stringify(change));
    }
  });

  it('nothing of a failed batch, and no row without direction, is kept', async () => {
    const { answered, embed, engine, cache } = create();
    const failed = codeOf(embed([[1]]));
    await nextTurn();
    engine.fail(new BatchFailedError('scripted'));
    assert.equal(await failed, 'inference_failed');

    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 0]) {
      const refused = codeOf(embed([[2]], { dimensions: 16 }));
      await nextTurn();
      const rows = hashRow(Int32Array.of(2), HIDDEN);
      // Behind the dimensions asked for: their own check does not see it.
      if (value === 0) rows.fill(0);
      else rows[HIDDEN - 1] = value;
      engine.waiting.shift()?.resolve({ rows, computedTokens: 1, inferMilliseconds: 1 });
      assert.equal(await refused, value === 0 ? 'non_finite_output' : 'answered');
    }
    assert.equal(cache.bytes, 0);
    assert.deepEqual((await answered([[1], [2]])).facts.cache, { hits: 0, misses: 2 });
  });

  it('the bound in bytes holds, and the least recently asked for goes first', async () => {
    const { answered, cache } = create({ maxBytes: 3 * (HIDDEN * 4 + 512) });
    await answered([[1], [2], [3]]);
    assert.equal(cache.bytes, 3 * (HIDDEN * 4 + 512));
    await answered([[1]]);
    await answered([[4]]);
    assert.deepEqual([cache.bytes, cache.evictions], [3 * (HIDDEN * 4 + 512), 1]);
    assert.deepEqual((await answered([[1], [3], [4]])).facts.cache, { hits: 3, misses: 0 });
    assert.deepEqual((await answered([[2]])).facts.cache, { hits: 0, misses: 1 });
  });

  it('does not keep the batch that a row was a view into', async () => {
    const { cache } = create();
    const batch = new Float32Array(100 * HIDDEN).fill(1);
    cache.set('key', batch.subarray(0, HIDDEN));
    assert.equal(cache.get('key')?.buffer.byteLength, HIDDEN * 4);
  });

  it('hits are answered while the queue is full, and everything else is refused', async () => {
    const { answered, embed, engine, batcher } = create();
    await answered([[1], [2]]);
    const inside = [embed([[10]]), embed([new Array<number>(10).fill(11)])];
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    assert.equal(batcher.queueTokens, 10);
    assert.deepEqual((await embed([[1], [2]])).facts.cache, { hits: 2, misses: 0 });
    assert.equal(await codeOf(embed([[1], [3]])), 'overloaded');
    for (let turn = 0; turn < 5; turn++) {
      engine.answer();
      await nextTurn();
    }
    await Promise.all(inside);
  });

  it('hits obey the deadline and the client’s leaving, and wait for an engine as everything does', async () => {
    const { answered, embed, engine } = create();
    await answered([[1]]);
    assert.equal(await codeOf(embed([[1]], { timeLimit: 0 })), 'deadline_exceeded');
    assert.equal(await codeOf(embed([[1]], { signal: AbortSignal.abort() })), 'client_closed_request');
    engine.become('restarting');
    assert.equal(await codeOf(embed([[1]])), 'engine_restarting');
  });
});
