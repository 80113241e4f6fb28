import type { Batch } from '../src/engine/protocol.ts';
import { KeptPrefixes, planWithPrefixes } from '../src/formats/causal/kept-prefixes.ts';
import { fullBatches } from './engine-alone.ts';
import type { EngineBench } from './open-bench.ts';
import { openRerankWorkload, type RerankRequest } from './rerank-workload.ts';
import { sum } from './statistics.ts';

/** A batch of a request's pairs, and how many tokens these begin with in common. */
export interface PairBatch {
  batch: Batch;
  prefix: number;
}

/** What the sections about rerankers measure with. */
export interface RerankBench extends EngineBench {
  take: (documents: number, seed: number) => Promise<RerankRequest>;
  /** Tokens of a full batch of the service. */
  batchTokens: number;
  /** As the service makes them, with another budget where one is given. */
  batchesOf: (request: RerankRequest, budget?: number) => PairBatch[];
  /** For a turn, as many batches as asked for, of requests of so many documents. */
  turnsOf: (documents: number) => (turn: number, count: number) => Promise<PairBatch[]>;
  /** Rows that are computed for the batches, one after the other. `prefixes`: what is kept from before; left out: nothing. */
  rowsOf: (batches: readonly PairBatch[], prefixes?: KeptPrefixes) => number;
}

/** Seeds of a turn's requests. */
const REQUESTS_PER_TURN = 100;

export async function openRerankBench(bench: EngineBench): Promise<RerankBench> {
  const { manifest, workloads } = bench;
  const { take } = await openRerankWorkload(manifest, workloads);
  const { batchTokens } = await bench.service();
  const batchesOf = ({ pairs, prefix }: RerankRequest, budget = batchTokens) =>
    fullBatches(pairs, budget, manifest).map((batch) => ({ batch, prefix }));
  return {
    ...bench,
    take,
    batchTokens,
    batchesOf,
    turnsOf: (documents) => async (turn, count) => {
      const batches: PairBatch[] = [];
      for (let request = 0; batches.length < count; request++) {
        batches.push(...batchesOf(await take(documents, 200_000 + REQUESTS_PER_TURN * turn + request)));
      }
      return batches.slice(0, count);
    },
    rowsOf: (batches, prefixes = new KeptPrefixes()) => {
      const rows = batches.map(({ batch }) => {
        const { plan, tokens } = planWithPrefixes(prefixes, batch);
        if (tokens.length > 0) prefixes.keep({ tokens, keys: [], values: [] });
        return plan.tokenIds.length;
      });
      return sum(rows);
    },
  };
}

/** Rows that there would be without sharing. */
export function tokensOf(batches: readonly PairBatch[]): number {
  return sum(batches.map(({ batch }) => batch.tokenIds.length));
}

export function pairsOf(batches: readonly PairBatch[]): number {
  return sum(batches.map(({ batch }) => batch.offsets.length - 1));
}
