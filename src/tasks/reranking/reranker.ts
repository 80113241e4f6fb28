import type { HotvecError } from '../../errors.ts';
import type { TruncationSide } from '../../tokenization/truncate.ts';
import type { RunFacts, RunOptions } from '../task-runner.ts';
import type { ModelFacts, TaskService } from '../task-service.ts';

/** A text and what the request calls it, for error messages: `documents[3]`. */
export interface NamedText {
  text: string;
  name: string;
}

/** A query and the documents to be scored for it. */
export interface RerankInput {
  query: NamedText;
  documents: readonly NamedText[];
  /** A task of the client's own instead of the model's; null: the model's. */
  instruction: string | null;
}

export interface RerankOptions extends RunOptions {
  /** What becomes of pairs with more tokens than the model takes: refused, or the document cut on a side. */
  truncate: 'error' | TruncationSide;
  /** Tokens that are kept of each document, whatever `truncate` says; left out: as many as the model takes. */
  maxDocumentTokens?: number | undefined;
  /** Whether scores are what the model's head gives, before its activation. Default: no. */
  rawScores?: boolean | undefined;
}

export interface RerankResult {
  /** One score a document, same order; the higher, the more relevant. With `onError: 'partial'` of those that did not fail. */
  scores: readonly number[];
  /** Tokens of each of these pairs as the model reads them: template and special tokens in, padding out. */
  tokens: readonly number[];
  /**
   * As many of them as the request needs by itself: what all pairs begin with once, if the model is causal, and a pair that
   * is there twice once. What others ask at the same time does not show in it.
   */
  neededTokens: number;
  /** Whether each of these was cut short. */
  truncated: readonly boolean[];
  /** Why the others have no score, by their place among the documents. Empty but for `onError: 'partial'`. */
  failures: ReadonlyMap<number, HotvecError>;
  facts: RunFacts;
}

/** What the service tells about a reranker that it serves. */
export interface RerankingFacts extends ModelFacts {
  /** What becomes of the number that the head gives. */
  activation: 'sigmoid' | 'identity';
  /** What the model is asked where a request has no instruction; null: it takes none. */
  defaultInstruction: string | null;
  /** Where the words around query and document come from, for operators. */
  template: string;
}

export interface Reranker extends TaskService {
  readonly model: RerankingFacts;
  /**
   * template → tokenize → admit → batch → head → activation.
   * @throws {HotvecError} before any compute for bad input (empty_input, input_too_long, too_many_tokens, invalid_input);
   * what the batcher throws; non_finite_output. With `onError: 'partial'` what concerns the whole request.
   */
  rerank(input: RerankInput, options: RerankOptions): Promise<RerankResult>;
}
