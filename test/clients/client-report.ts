/** What a client program is given: JSON on its standard input. */
export interface ClientTask {
  /** The real service. */
  serviceUrl: string;
  /** Fails as the input says (client-stand.ts). */
  stubUrl: string;
  /** Asks for a key that no client has. */
  keyedUrl: string;
  /** Sent as they are, and over and over for large batches. */
  texts: string[];
  batches: number[];
  /** The retry-after of the failing service: longer than the client would wait on its own. */
  retryAfterMs: number;
}

/** An error as the client shows it to its user; null: it does not show that. */
export interface ClientError {
  class: string;
  status: number | null;
  code: string | null;
  param: string | null;
}

/** What a client saw, written as JSON to standard output; the same from every client. */
export interface ClientReport {
  version: string;
  /** Vectors of `texts`, repeated up to the batch's size. */
  batches: Record<string, number[][]>;
  /** Vectors of `texts` in 64 dimensions. */
  dimensions64: number[][];
  /** Vectors of `texts` with the query prompt, asked for in the client's own way. */
  queries: number[][];
  errors: Record<string, ClientError>;
  /** Vectors got after a 503, and after a 429, that said when to come back. */
  afterNotReady: number;
  afterOverload: number;
  /** What only some clients have. */
  more: Record<string, unknown>;
}
