/** Where an SDK client finds what it needs; sent to its process as JSON on standard input. */
export interface SdkTask {
  /** The real service. */
  serviceUrl: string;
  /** Fails as the input says (openai-sdk.test.ts). */
  stubUrl: string;
  /** Asks for a key. */
  keyedUrl: string;
  texts: string[];
}

export interface SdkError {
  class: string;
  status: number | null;
  code: string | null;
  param: string | null;
}

/** What a client saw, written as JSON to standard output; the same from every SDK. */
export interface SdkReport {
  version: string;
  /** Vectors of `texts` in the SDK's own encoding, and as floats where the caller asks for them. */
  ownEncoding: number[][];
  float: number[][];
  dimensions64: number[][];
  oneText: number[];
  tokens: number;
  models: string[];
  model: string;
  errors: Record<string, SdkError>;
  /** Vectors got after a 503 that said when to come back. */
  afterRetry: number;
}
