import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { packed } from '../../../scripts/packed-weights.ts';
import { type Batch, toBatch } from '../../../src/engine/protocol.ts';
import { type KeptPrefix, KeptPrefixes, planWithPrefixes } from '../../../src/formats/causal/kept-prefixes.ts';
import { loadCausal, type PackedModel } from '../../../src/formats/causal/load.ts';
import { planPackedBatch } from '../../../src/formats/causal/plan.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { rerankerFolders } from '../../support/reranker-references.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const VOCABULARY = 500;

/** A request: `count` sequences that have their first `shared` tokens in common. */
function request(random: SeededRandom, shared: number, count: number): Int32Array[] {
  const id = () => Math.floor(VOCABULARY * random.next());
  const common = Array.from({ length: shared }, id);
  return Array.from({ length: count }, () =>
    Int32Array.from([...common, ...Array.from({ length: 5 + Math.floor(30 * random.next()) }, id)]),
  );
}

describe('KeptPrefixes', () => {
  const rowsOf = (prefixes: KeptPrefixes, sequences: Int32Array[], values: readonly Float32Array[] = []) => {
    const { plan, tokens } = planWithPrefixes(prefixes, toBatch(sequences));
    if (tokens.length > 0) prefixes.keep({ tokens, keys: [], values });
    return plan.tokenIds.length;
  };
  const lengthsOf = (sequences: Int32Array[]) => sequences.map(({ length }) => length);

  it('computes what the pairs of a request have in common twice: once to see that it comes again', () => {
    const pairs = request(new SeededRandom(1), 40, 5);
    const prefixes = new KeptPrefixes();
    const rows = pairs.map((pair) => rowsOf(prefixes, [pair]));
    const [first, second, ...others] = lengthsOf(pairs);
    assert.deepEqual(rows, [first, second, ...others.map((length) => length - 40)]);
  });

  it('computes it once where the first batch has several pairs, and for a later request not at all', () => {
    const pairs = request(new SeededRandom(2), 40, 5);
    const prefixes = new KeptPrefixes();
    rowsOf(prefixes, pairs.slice(0, 2));
    const rows = pairs.slice(2).map((pair) => rowsOf(prefixes, [pair]));
    assert.deepEqual(
      rows,
      lengthsOf(pairs.slice(2)).map((length) => length - 40),
    );
  });

  it('does so for requests that take turns', () => {
    const random = new SeededRandom(3);
    const [a, b] = [request(random, 40, 6), request(random, 50, 6)];
    const prefixes = new KeptPrefixes();
    const rows = a.flatMap((pair, i) => [pair, b[i] as Int32Array].map((one) => rowsOf(prefixes, [one])));
    const saved = a.flatMap((pair, i) => [pair.length, b[i]?.length ?? 0]).map((length, i) => length - (rows[i] ?? 0));
    assert.deepEqual(saved, [0, 0, 0, 0, 40, 50, 40, 50, 40, 50, 40, 50]);
  });

  it('keeps no short beginning, and none of a sequence that comes again whole', () => {
    const prefixes = new KeptPrefixes();
    for (const pair of request(new SeededRandom(4), 10, 4)) assert.equal(rowsOf(prefixes, [pair]), pair.length);
    const [same] = request(new SeededRandom(5), 40, 1) as [Int32Array];
    for (let times = 0; times < 3; times++) assert.equal(rowsOf(prefixes, [same]), same.length);
  });

  it('asks for the last token of a sequence that is kept whole', () => {
    const [pair, other, third] = request(new SeededRandom(6), 40, 3) as [Int32Array, Int32Array, Int32Array];
    const prefixes = new KeptPrefixes();
    for (const one of [pair, other]) rowsOf(prefixes, [one]);
    assert.equal(rowsOf(prefixes, [third]), third.length - 40);
    assert.equal(rowsOf(prefixes, [pair.slice(0, 40)]), 1);
    assert.equal(rowsOf(prefixes, [pair.slice(0, 30), third]), 1 + third.length - 30);
  });

  it('takes no more memory than it may, the least recently used first, and nothing that is not finite', () => {
    const prefixes = new KeptPrefixes(1_000);
    const kept = (seed: number, rows = new Float32Array(100)): KeptPrefix => ({
      tokens: Int32Array.from({ length: 20 }, (_, i) => seed + i),
      keys: [rows],
      values: [],
    });
    prefixes.keep(kept(1));
    prefixes.keep(kept(100));
    assert.equal(prefixes.bytes, 800);
    const begins = (seed: number) => prefixes.choose([Int32Array.from({ length: 25 }, (_, i) => seed + i)]).kept;
    assert.ok(begins(1) !== null);
    prefixes.keep(kept(200));
    assert.ok(prefixes.bytes === 800 && begins(100) === null && begins(1) !== null && begins(200) !== null);
    prefixes.keep(kept(300, new Float32Array(300)));
    prefixes.keep(kept(400, Float32Array.of(1, Number.NaN)));
    assert.ok(begins(300) === null && begins(400) === null && prefixes.bytes === 800);
  });
});

describe('A reranker that keeps prefixes', () => {
  let model: PackedModel;
  before(async () => {
    const manifest = await describeModel(
      { name: 'causal-plain', folder: path.join(rerankerFolders, 'causal-plain') },
      { task: 'rerank' },
    );
    const settings = { device: 'cpu', deviceId: 0, dtype: 'fp32', threads: 1, maxTokens: 512 } as const;
    const more = { maxBatchTokens: 512, prepacking: true, mustBeatCpu: false };
    model = await loadCausal({ pooling: 'last_token', weights: packed(manifest) }, { ...settings, ...more });
  });

  it('gives the rows of one that keeps none, to the bit, whatever came before and is beside', async () => {
    const random = new SeededRandom(7);
    const anew = ({ tokenIds, offsets }: Batch) => model.runPlan(planPackedBatch(tokenIds, offsets));
    let saved = 0;
    const requests = Array.from({ length: 4 }, (_, i) => request(random, 20 + 15 * i, 8));
    for (let round = 0; round < 40; round++) {
      const pairs = Array.from({ length: 1 + (round % 3) }, () => {
        const of = requests[Math.floor(requests.length * random.next())] as Int32Array[];
        return of[Math.floor(of.length * random.next())] as Int32Array;
      });
      const batch = toBatch(pairs);
      const [found, expected] = [await model.run(batch), await anew(batch)];
      assert.deepEqual(found.rows, expected.rows, `round ${round}`);
      saved += expected.computedTokens - found.computedTokens;
    }
    assert.ok(saved > 500, `${saved} rows`);
  });
});
