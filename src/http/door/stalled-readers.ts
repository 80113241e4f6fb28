import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { InflightBytes } from './inflight-bytes.ts';
import { LEAST_BYTES, type Patience } from './patience.ts';

interface Reader {
  /** Bytes that the kernel had taken when it was last seen to read. */
  taken: number;
  /** When that was. */
  since: number;
}

const CHECKS = 5;

/**
 * Cuts off clients that do not read their answers, which Node would keep in memory forever: those that take less than
 * LEAST_BYTES in the time of `patience` while something waits for them.
 */
export function registerStalledReaders(app: FastifyInstance, inflight: InflightBytes, patience: Patience): void {
  const readers = new Map<Socket, Reader>();
  app.server.on('connection', (socket) => {
    readers.set(socket, { taken: 0, since: performance.now() });
    socket.once('close', () => readers.delete(socket));
  });

  const check = () => {
    const now = performance.now();
    const limit = inflight.isFull ? patience.sendWhenFullMs : patience.sendMs;
    for (const [socket, reader] of readers) {
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken - reader.taken >= LEAST_BYTES) {
        reader.taken = taken;
        reader.since = now;
      } else if (now - reader.since >= limit) {
        socket.destroy();
      }
    }
  };
  const timer = setInterval(check, Math.min(patience.sendMs, patience.sendWhenFullMs) / CHECKS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
}
