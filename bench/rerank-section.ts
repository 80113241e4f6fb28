import type { Batch } from '../src/engine/protocol.ts';
import { KeptPrefixes } from '../src/formats/causal/kept-prefixes.ts';
import { loadCausal } from '../src/formats/causal/load.ts';
import { planPackedBatch } from '../src/formats/causal/plan.ts';
import { compareWays, type Way } from './compare-ways.ts';
import { engineSettings } from './engine-settings.ts';
import { gateSameScores } from './gate-scores.ts';
import type { EngineBench } from './open-bench.ts';
import { planWithoutSharing } from './padded-plan.ts';
import { figure, type Row } from './report.ts';
import { openRerankBench, type PairBatch, pairsOf, type RerankBench, tokensOf } from './rerank-bench.ts';
import { DOCUMENTS, type RerankRequest } from './rerank-workload.ts';
import { median, sum } from './statistics.ts';

/** Requests whose rows are counted; none of them is computed. */
const COUNTED = 8;
/** Rows of a batch: what services choose, and what they might. */
const OTHER_BUDGETS = [256, 1_024, 4_096];
/** The budget whose pace is compared with the service's. */
const LARGE_BUDGET = 2_048;

/** A reranker's engine alone: what sharing the query saves, within a batch and from batch to batch, and what the head costs. */
export async function* measureReranking(engine: EngineBench): AsyncGenerator<Row> {
  const bench = await openRerankBench(engine);
  yield await countRows(bench);
  yield await compareWithEmbedder(bench);
  yield await compareWithoutSharing(bench);
  yield await compareBudgets(bench);
  yield await compareWithoutKeeping(bench);
}

async function countRows({ manifest, take, batchTokens, batchesOf, rowsOf }: RerankBench): Promise<Row> {
  const requests: RerankRequest[] = [];
  for (let seed = 0; seed < COUNTED; seed++) requests.push(await take(DOCUMENTS, 100_000 + seed));
  const shareIn = (budget: number) => {
    // Request after request, as they come to a service.
    const prefixes = new KeptPrefixes();
    return median(
      requests.map((request) => {
        const batches = batchesOf(request, budget);
        return rowsOf(batches, prefixes) / tokensOf(batches);
      }),
    );
  };
  const others = OTHER_BUDGETS.map((budget) => `${figure(shareIn(budget))} of ${figure(budget)}`).join(', ');
  const batches = requests.map((request) => batchesOf(request));
  return {
    model: manifest.name,
    measure: `engine, rr: rows of ${DOCUMENTS} documents`,
    result: `${figure(shareIn(batchTokens))} of the rows without sharing`,
    against: `${figure(median(batches.map((one) => rowsOf(one))))} rows of a first request, in ${figure(median(batches.map(({ length }) => length)))} batches of ${batchTokens}; in batches ${others}, ${figure(shareIn(Number.POSITIVE_INFINITY))} in a single one; median of ${COUNTED} requests`,
    targets: { rerankRows: shareIn(batchTokens) },
  };
}

/** The same weights with and without the head. */
async function compareWithEmbedder(bench: RerankBench): Promise<Row> {
  const { model, manifest, weights, dtype, options } = bench;
  const planOf = ({ tokenIds, offsets }: Batch) => planPackedBatch(tokenIds, offsets);
  const rowsOf = (works: readonly PairBatch[]) => sum(works.map(({ batch }) => planOf(batch).tokenIds.length));
  const embedder = await loadCausal(
    { pooling: 'last_token', weights: { ...weights, head: null } },
    engineSettings(manifest, options.device, dtype),
  );
  // Nothing is kept: the rows are the same.
  const ways: [Way<PairBatch>, Way<PairBatch>] = [
    ({ batch }) => model.runPlan(planOf(batch)),
    ({ batch }) => embedder.run(batch),
  ];
  const { ratio, measured, rounds } = await compareWays(bench.turnsOf(DOCUMENTS), ways, options);
  return {
    model: manifest.name,
    measure: 'engine, rr: reranker and embedder',
    result: `${figure(median(measured.map(({ works, seconds }) => rowsOf(works) / seconds)))} rows/s`,
    against: `${figure(ratio)}× the same weights as an embedder, on the same sequences; ${rounds} rounds`,
    targets: { rerankPace: ratio },
  };
}

/** The same batches with a row for every token. */
async function compareWithoutSharing(bench: RerankBench): Promise<Row> {
  const { model, manifest, options, rowsOf } = bench;
  const [first] = (await bench.turnsOf(DOCUMENTS)(998, 1)) as [PairBatch];
  const { tokenIds, offsets } = first.batch;
  const shared = await model.runPlan(planPackedBatch(tokenIds, offsets));
  const difference = gateSameScores(shared.rows, (await model.runPlan(planWithoutSharing(first.batch))).rows);
  const ways: [Way<PairBatch>, Way<PairBatch>] = [
    ({ batch }) => model.run(batch),
    ({ batch }) => model.runPlan(planWithoutSharing(batch)),
  ];
  const { ratio, measured, rounds } = await compareWays(bench.turnsOf(DOCUMENTS), ways, options);
  const batches = measured.flatMap(({ works }) => works);
  return {
    model: manifest.name,
    measure: 'engine, rr: with and without prefix sharing',
    result: `${figure(median(measured.map(({ works, seconds }) => pairsOf(works) / seconds)))} documents/s`,
    against: `${figure(ratio)}× without, which has ${figure(tokensOf(batches) / rowsOf(batches))}× the rows; ${difference === 0 ? 'logits equal to the bit' : `logits differ by ${difference.toExponential(1)}`}; ${rounds} rounds`,
  };
}

/** Whole requests, with rows kept from batch to batch and without. */
async function compareWithoutKeeping(bench: RerankBench): Promise<Row> {
  const { model, manifest, options, isLarge, take, batchesOf } = bench;
  const documents = isLarge ? DOCUMENTS / 4 : DOCUMENTS;
  const requestsOf = (turn: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => take(documents, 350_000 + 100 * turn + i)));
  const planOf = ({ tokenIds, offsets }: Batch) => planPackedBatch(tokenIds, offsets);
  const ways: [Way<RerankRequest>, Way<RerankRequest>] = [
    async (request) => {
      for (const { batch } of batchesOf(request)) await model.run(batch);
    },
    async (request) => {
      for (const { batch } of batchesOf(request)) await model.runPlan(planOf(batch));
    },
  ];
  const { ratio, measured, rounds } = await compareWays(requestsOf, ways, options);
  const paces = measured.map(({ works, seconds }) => (works.length * documents) / seconds);
  return {
    model: manifest.name,
    measure: `engine, rr: ${documents} documents, what they have in common kept from batch to batch`,
    result: `${figure(median(paces))} documents/s`,
    against: `${figure(ratio)}× as computed anew in each batch; ${rounds} rounds`,
  };
}

/** Whole requests in the service's batches, and in larger ones, which compute the query less often. */
async function compareBudgets(bench: RerankBench): Promise<Row> {
  const { model, manifest, options, isLarge, take, batchesOf, batchTokens } = bench;
  const documents = isLarge ? DOCUMENTS / 4 : DOCUMENTS;
  const requestsOf = (turn: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => take(documents, 150_000 + 100 * turn + i)));
  const runIn = (budget: number) => async (request: RerankRequest) => {
    for (const { batch } of batchesOf(request, budget)) await model.run(batch);
  };
  const ways: [Way<RerankRequest>, Way<RerankRequest>] = [runIn(LARGE_BUDGET), runIn(batchTokens)];
  const { ratio, measured, rounds } = await compareWays(requestsOf, ways, options);
  const paces = measured.map(({ works, seconds }) => (works.length * documents) / seconds);
  return {
    model: manifest.name,
    measure: `engine, rr: ${documents} documents in batches of ${figure(LARGE_BUDGET)}`,
    result: `${figure(median(paces))} documents/s`,
    against: `${figure(ratio)}× as in batches of ${batchTokens}, the service's; ${rounds} rounds`,
  };
}
