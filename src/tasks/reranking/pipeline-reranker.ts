import type { Batcher } from '../../batching/batcher.ts';
import type { Clock } from '../../clock.ts';
import type { PairTokenizer } from '../../tokenization/pair-tokenizer.ts';
import { PipelineService } from '../pipeline-service.ts';
import type { Task } from '../task.ts';
import { finishScores } from './finish-scores.ts';
import { type AcceptedDocument, PairPreparer, type PreparedPair } from './pair-preparer.ts';
import type { Reranker, RerankInput, RerankingFacts, RerankOptions, RerankResult } from './reranker.ts';

export interface RerankingOptions {
  model: RerankingFacts;
  tokenizer: PairTokenizer;
  /** Whether tokens that sequences begin with are computed once: of a causal model. */
  sharesBeginnings: boolean;
  batcher: Batcher;
  clock: Clock;
}

/** Reranking as a task: a template and tokens before the engine, an activation after it. */
export class PipelineReranker extends PipelineService<RerankingFacts> implements Reranker {
  private readonly preparer: PairPreparer;
  private readonly sharesBeginnings: boolean;

  constructor({ model, tokenizer, sharesBeginnings, batcher, clock }: RerankingOptions) {
    // A pair is seldom asked for twice.
    super({ model, batcher, cache: null, clock });
    this.sharesBeginnings = sharesBeginnings;
    this.preparer = new PairPreparer(model, tokenizer);
  }

  async rerank(input: RerankInput, options: RerankOptions): Promise<RerankResult> {
    const { answer: scores, sequences, failures, facts } = await this.runner.run(this.taskOf(input, options), options);
    const tokens = sequences.map(({ ids }) => ids.length);
    const neededTokens = countNeeded(
      sequences.map(({ ids }) => ids),
      this.sharesBeginnings,
    );
    const truncated = sequences.map((sequence) => sequence.truncated);
    return { scores, tokens, neededTokens, truncated, failures, facts };
  }

  private taskOf(input: RerankInput, { rawScores, ...options }: RerankOptions): Task<PreparedPair, number[]> {
    let accepted: AcceptedDocument[] = [];
    return {
      accept: (failures) => {
        accepted = this.preparer.accept(input, failures);
        return accepted.length === 0 ? null : this.preparer.leastTokens(input, accepted);
      },
      prepare: (failures) => this.preparer.tokenize(input, accepted, options, failures),
      finish: async (rows, pairs, failures) =>
        finishScores(rows, pairs, rawScores === true ? 'identity' : this.model.activation, failures),
    };
  }
}

/**
 * How many tokens the pairs of a request need: one that is there twice counts once, and, if the model is causal, what all of
 * them begin with does so too.
 */
export function countNeeded(pairs: readonly Int32Array[], sharesBeginnings: boolean): number {
  const different = [...new Map(pairs.map((ids) => [keyOf(ids), ids])).values()];
  const tokens = different.reduce((sum, { length }) => sum + length, 0);
  const [first, ...others] = different;
  if (first === undefined || !sharesBeginnings) return tokens;
  let common = first.length;
  for (const other of others) {
    let i = 0;
    while (i < common && first[i] === other[i]) i += 1;
    common = i;
  }
  return tokens - common * others.length;
}

function keyOf({ buffer, byteOffset, byteLength }: Int32Array): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('latin1');
}
