import type { BatchEndpoint } from './batch-job.ts';

/** A line on its way to the route that it names. */
export interface LineRequest {
  /** Of the line; the answer's `request_id`. */
  id: string;
  endpoint: BatchEndpoint;
  /** JSON. */
  body: Buffer;
  /** Name of the API key that made the batch; null where none is asked for. */
  owner: string | null;
  /** What the model must have. */
  fingerprint: string | null;
}

export interface LineAnswer {
  status: number;
  /** The route's bytes, JSON without a line feed. */
  body: Buffer;
  /** Tokens of the inputs; 0 where nothing was computed. */
  tokens: number;
  /** When a repetition may help, in milliseconds; undefined: the route does not say. */
  retryAfterMs: number | undefined;
}

/** A model that lines ask. */
export interface LineModel {
  name: string;
  /** null until it is loaded. */
  fingerprint: string | null;
}

/** What answers the lines of batches. */
export interface LineService {
  /**
   * The model that a body for the endpoint asks.
   * @param name as in the body.
   * @throws {HotvecError} as the route does.
   */
  modelFor: (endpoint: BatchEndpoint, name: string | undefined) => LineModel;
  /** Tokens that one batch may have waiting or under way at a model: enough for the engine, and a small part of the queue. */
  windowTokensOf: (model: string) => number;
  /** What the route answers to the body. Never throws: an error is an answer, too. */
  answer: (line: LineRequest) => Promise<LineAnswer>;
}
