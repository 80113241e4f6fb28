import { type Batch, toBatch } from '../src/engine/protocol.ts';
import { compareWays, type Way } from './compare-ways.ts';
import { figure, mebibytes, milliseconds, type Row } from './report.ts';
import type { PairBatch, RerankBench } from './rerank-bench.ts';
import { commonPrefix } from './rerank-workload.ts';
import { median, sum } from './statistics.ts';

/** Documents of a request, from the usual to the fewest. */
const SIZES = [32, 8, 1];
/** Requests whose rows are counted; none of them is computed. */
const COUNTED = 8;
/** Of a number of K or V on the CPU. */
const NUMBER_BYTES = 4;

/**
 * What a request would save if keys and values of what its pairs begin with were kept from an earlier one with the same
 * query (docs/decisions/0110). hotvec does not keep them. The rest of each pair is computed as a sequence of its own, which
 * spares it the attention to the prefix, too: so it is the most that could be saved.
 */
export async function* measureKeptPrefixes(bench: RerankBench): AsyncGenerator<Row> {
  const { model, manifest, options } = bench;
  const ways: [Way<PairBatch>, Way<PairBatch>] = [
    ({ batch }) => model.run(batch),
    (work) => model.run(withoutPrefix(work)),
  ];
  for (const documents of options.quick ? SIZES.slice(1) : SIZES) {
    const { prefix, ofTemplate, batches, share } = await countPrefixes(bench, documents);
    const { ratio, measured, rounds } = await compareWays(bench.turnsOf(documents), ways, options);
    const batchSeconds = median(measured.map(({ works, seconds }) => seconds / works.length));
    const saved = Math.max(0, 1 - ratio);
    yield {
      model: manifest.name,
      measure: `engine, rr: were the query's prefix kept, ${documents} documents`,
      result: `at most ${figure(100 * saved)} % saved, ${milliseconds(1000 * saved * batchSeconds * batches)}`,
      against: `${figure(prefix)} rows in each of ${figure(batches)} batches, ${figure(100 * share)} % of all; ${figure(ofTemplate)} are the same for every query; ${mebibytes(prefix * prefixBytes(bench))} a query; ${rounds} rounds`,
    };
  }
}

/** Medians over some requests. `share`: rows of prefixes ÷ all rows computed. */
async function countPrefixes({ take, batchesOf, rowsOf }: RerankBench, documents: number) {
  const other = await take(1, 399_999);
  const counts: { prefix: number; ofTemplate: number; batches: number; share: number }[] = [];
  for (let seed = 0; seed < COUNTED; seed++) {
    const request = await take(documents, 300_000 + seed);
    const batches = batchesOf(request);
    const { prefix } = request;
    const ofTemplate = Math.min(prefix, commonPrefix([...request.pairs, ...other.pairs]));
    const prefixRows = sum(batches.map((batch) => batch.prefix));
    counts.push({ prefix, ofTemplate, batches: batches.length, share: prefixRows / rowsOf(batches) });
  }
  const of = (name: 'prefix' | 'ofTemplate' | 'batches' | 'share') => median(counts.map((count) => count[name]));
  return { prefix: of('prefix'), ofTemplate: of('ofTemplate'), batches: of('batches'), share: of('share') };
}

/** The rest of each pair, as a sequence of its own. */
function withoutPrefix({ batch: { tokenIds, offsets }, prefix }: PairBatch): Batch {
  const pairs = Array.from({ length: offsets.length - 1 }, (_, i) => tokenIds.subarray(offsets[i], offsets[i + 1]));
  return toBatch(pairs.map((pair) => pair.subarray(prefix)));
}

/** Bytes of K and V of all layers, for one token. */
function prefixBytes({ weights: { architecture } }: RerankBench): number {
  const { layerCount, keyValueHeadCount, headDim } = architecture;
  return layerCount * 2 * keyValueHeadCount * headDim * NUMBER_BYTES;
}
