import type { TraceContext } from './trace-context.ts';

/** A part of a request's time. */
export interface TracedStage {
  name: 'tokenize' | 'queue' | 'infer' | 'encode';
  /** Milliseconds of `performance.now()`. */
  startedAt: number;
  endedAt: number;
}

/** What a trace tells of a request: never a text, a vector, a key or a URL. */
export interface TracedRequest {
  /** undefined: the trace begins here. */
  context: TraceContext | undefined;
  requestId: string;
  method: string;
  /** The route's pattern. */
  route: string;
  status: number;
  /** Code of the error it was answered with. */
  errorCode: string | undefined;
  /** Whether the client left before the answer. */
  aborted: boolean;
  /** Milliseconds of `performance.now()`. */
  startedAt: number;
  endedAt: number;
  stages: readonly TracedStage[];
  work: { inputs: number; tokens: number; batches: number; lastBatchId: number | null } | undefined;
}

/** Where traces of requests go. */
export interface RequestTracer {
  /**
   * Takes note of an answered request, and returns at once: what sends traces runs later, and drops what is too much.
   * @returns the ids of its span; undefined when the trace is not kept.
   */
  record(request: TracedRequest): { traceId: string; spanId: string } | undefined;
  /** Sends what waits, within two seconds, and ends. */
  close(): Promise<void>;
}
