import type { IncomingHttpHeaders } from 'node:http';

/** What the caller says about the trace that a request belongs to. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** The caller's span: 16 lower-case hex digits. */
  parentId: string;
  /** Whether the caller keeps its part of the trace. */
  isSampled: boolean;
  /** `tracestate` as it came; malformed parts are dropped when it is passed on. */
  state: string | undefined;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/**
 * Reads `traceparent` and `tracestate`, W3C Trace Context (https://www.w3.org/TR/trace-context/). A header that is not
 * valid is as none: it never fails a request. Versions to come may append fields; the known ones are read.
 */
export function readTraceContext({ traceparent, tracestate }: IncomingHttpHeaders): TraceContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === undefined || parentId === undefined || /^0+$/.test(traceId) || /^0+$/.test(parentId))
    return undefined;
  return {
    traceId,
    parentId,
    isSampled: (Number.parseInt(flags as string, 16) & SAMPLED) !== 0,
    state: typeof tracestate === 'string' && tracestate !== '' ? tracestate : undefined,
  };
}
