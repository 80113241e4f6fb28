import { type EngineInfo, type FromEngine, PROTOCOL_VERSION } from '../protocol.ts';

type Fields = Record<string, unknown>;

/**
 * Reads what an engine process sent. It may be broken in any way, and must not break this process, nor pass for an
 * answer that it is not.
 *
 * @returns the message; `stray`: not of the process of this epoch, or of no process at all; `malformed`: of this process,
 * and not as the protocol has it.
 */
export function readMessage(message: unknown, epoch: number): FromEngine | 'stray' | 'malformed' {
  if (typeof message !== 'object' || message === null) return 'stray';
  const fields = message as Fields;
  if (fields.version !== PROTOCOL_VERSION || fields.epoch !== epoch) return 'stray';
  return isWellFormed(fields) ? (message as FromEngine) : 'malformed';
}

/** The epoch that something claims to be of; null when it claims none. */
export function claimedEpoch(message: unknown): number | null {
  const epoch = (message as Fields | null | undefined)?.epoch;
  return isCount(epoch) ? epoch : null;
}

function isWellFormed(fields: Fields): boolean {
  switch (fields.kind) {
    case 'ready':
      return isInfo(fields.info);
    case 'rows':
      return (
        isCount(fields.batchId) &&
        fields.rows instanceof Float32Array &&
        isCount(fields.computedTokens) &&
        isQuantity(fields.inferMilliseconds) &&
        isQuantity(fields.residentBytes)
      );
    case 'batch_failed':
      return isCount(fields.batchId) && typeof fields.message === 'string';
    case 'load_failed':
    case 'canary_failed':
      return typeof fields.message === 'string';
    case 'canary_passed':
    case 'pong':
      return true;
    default:
      return false;
  }
}

function isInfo(value: unknown): value is EngineInfo {
  if (typeof value !== 'object' || value === null) return false;
  const { loadMilliseconds, tokensPerSecond, canaryCosine, calibration } = value as Fields;
  const batchTokens = (calibration as Fields | null | undefined)?.batchTokens;
  return (
    isQuantity(loadMilliseconds) &&
    isQuantity(tokensPerSecond) &&
    typeof canaryCosine === 'number' &&
    isCount(batchTokens) &&
    batchTokens > 0
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A measured quantity. */
function isQuantity(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}
