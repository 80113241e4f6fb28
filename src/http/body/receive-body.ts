import type { Readable } from 'node:stream';
import { HotvecError } from '../../errors.ts';
import type { HeldBytes } from '../door/inflight-bytes.ts';
import { LEAST_BYTES } from '../door/patience.ts';

export interface ReceiveOptions {
  maxBodyBytes: number;
  held: HeldBytes;
  /** A body that brings less than LEAST_BYTES in so many milliseconds, and is not whole then, is given up. */
  receiveMs: number;
  /** A body that is not whole in so many milliseconds is given up, whatever its pace; undefined: Node sees to that. */
  wholeMs?: number | undefined;
  /** Aborted when it is waited for no longer: the server is about to end. */
  drained?: AbortSignal | undefined;
}

/** Of what holds less than this, a thousand hold next to nothing: it has the minute that every request has. */
const SMALL_BYTES = 16 * 1024;
/** Another server may be there by then. */
const DRAINED_RETRY_MS = 1_000;
/** Chunks of a body may be a byte long, and each is an object: so many of them are joined as they come. */
const MANY_CHUNKS = 256;

/**
 * Collects a request's body. Not by Fastify's own reader: it neither counts what arrives, nor notices that nothing does.
 *
 * @throws {HotvecError} body_too_large, overloaded, body_too_slow, draining, client_closed_request. What still comes is not read.
 */
export function receiveBody(payload: Readable, options: ReceiveOptions): Promise<Buffer> {
  const { maxBodyBytes, held, receiveMs, wholeMs, drained } = options;
  return new Promise((resolve, reject) => {
    const blocks: Buffer[] = [];
    let chunks: Buffer[] = [];
    let received = 0;
    let receivedBefore = 0;
    let paceTimer: NodeJS.Timeout | undefined;
    let wholeTimer: NodeJS.Timeout | undefined;

    const settle = () => {
      clearInterval(paceTimer);
      clearTimeout(wholeTimer);
      drained?.removeEventListener('abort', onDrained);
      payload.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const fail = (error: unknown) => {
      settle();
      // Else the rest would be read and dropped, however long it is.
      payload.pause();
      // No one listens any more, and the client may leave.
      payload.on('error', () => {});
      reject(error as Error);
    };
    const checkPace = () => {
      if (received - receivedBefore < LEAST_BYTES) {
        const message = `Fewer than ${LEAST_BYTES} bytes of the request body arrived in ${receiveMs / 1000} seconds.`;
        fail(new HotvecError('body_too_slow', message));
      }
      receivedBefore = received;
    };
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      if (received > maxBodyBytes) return fail(bodyTooLarge(maxBodyBytes));
      try {
        held.receive(chunk.length);
      } catch (error) {
        return fail(error);
      }
      chunks.push(chunk);
      if (chunks.length === MANY_CHUNKS) {
        blocks.push(Buffer.concat(chunks));
        chunks = [];
      }
      if (received > SMALL_BYTES) paceTimer ??= setInterval(checkPace, receiveMs);
    };
    const onEnd = () => {
      settle();
      resolve(Buffer.concat([...blocks, ...chunks], received));
    };
    const onDrained = () =>
      fail(new HotvecError('draining', 'The server is shutting down.', { retryAfterMs: DRAINED_RETRY_MS }));
    const onGone = () =>
      fail(new HotvecError('client_closed_request', 'The client disconnected before sending its whole request.'));
    drained?.addEventListener('abort', onDrained);
    if (drained?.aborted) return onDrained();
    if (wholeMs !== undefined) {
      const message = `The request body did not arrive in ${wholeMs / 1000} seconds.`;
      wholeTimer = setTimeout(() => fail(new HotvecError('body_too_slow', message)), wholeMs);
    }
    payload.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

export function bodyTooLarge(maxBodyBytes: number): HotvecError {
  return new HotvecError('body_too_large', `The request body is larger than ${maxBodyBytes} bytes.`);
}
