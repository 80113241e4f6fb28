import { compareWays, type Way } from './compare-ways.ts';
import { GateError, largestDifference } from './gate.ts';
import { scoresOf } from './gate-scores.ts';
import { bothPrecisions } from './int8-weights.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, type Row } from './report.ts';
import { openRerankBench, type PairBatch } from './rerank-bench.ts';
import { DOCUMENTS } from './rerank-workload.ts';
import { median } from './statistics.ts';

/** What scores of int8 may be from those of fp32: more is another ranking. */
const MOST_DIFFERENCE = 0.05;
/** Pairs whose score is computed alone, too. */
const ALONE = 4;

/** int8 and fp32 of the same weights: speed, and by how much scores differ. On a CPU only: int8 exists nowhere else. */
export async function* measureRerankInt8(engine: EngineBench): AsyncGenerator<Row> {
  if (engine.options.device !== 'cpu') return;
  const bench = await openRerankBench(engine);
  const { manifest, options, rowsOf } = bench;
  const { exact, int8 } = await bothPrecisions(bench);
  const { pairs } = await bench.take(options.quick ? 4 : DOCUMENTS, 400_000);
  const scores = await scoresOf(int8, manifest, pairs);
  const difference = largestDifference(scores, await scoresOf(exact, manifest, pairs));
  if (!(difference <= MOST_DIFFERENCE)) {
    throw new GateError(`Scores of int8 are ${difference} from those of fp32; expected at most ${MOST_DIFFERENCE}.`);
  }
  const alone: number[] = [];
  for (const pair of pairs.slice(0, ALONE)) alone.push(...(await scoresOf(int8, manifest, [pair])));
  const ways: [Way<PairBatch>, Way<PairBatch>] = [({ batch }) => int8.run(batch), ({ batch }) => exact.run(batch)];
  const { ratio, measured, rounds } = await compareWays(bench.turnsOf(DOCUMENTS), ways, options);
  const pace = median(measured.map(({ works, seconds }) => rowsOf(works) / seconds));
  yield {
    model: manifest.name,
    measure: 'engine, rr: int8 and fp32',
    result: `${figure(ratio)}× fp32; ${figure(pace)} rows/s`,
    against: `scores differ by at most ${figure(difference)} over ${pairs.length} documents; alone and together by ${figure(largestDifference(alone, scores.slice(0, ALONE)))}; ${rounds} rounds`,
  };
}
