import { getHeapSpaceStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
import { PendingRequest } from '../../src/batching/pending-request.ts';
import { SequencesInFlight } from '../../src/batching/sequences-in-flight.ts';

/**
 * A worker, for a young generation of its own. 40,000 requests of 16 KiB each pass through the sequences in flight, 100
 * at a time. Posts by how many bytes the old generation grew at most.
 */
const inFlight = new SequencesInFlight();
const arrival = { batchId: 0, batchItems: 1, rowsPerToken: 1, now: 0, inferMilliseconds: 0 };
const row = new Float32Array(1);
const waiting: PendingRequest[] = [];
let next = 0;
let before: number | undefined;
let most = 0;
for (let i = 0; i < 40_000; i++) {
  const held = new Array(2_000).fill(i);
  const ids = [Int32Array.of(i)];
  const request = new PendingRequest(ids, {}, 0, () => held, inFlight);
  const answered = waiting[next];
  waiting[next] = request;
  next = (next + 1) % 100;
  if (answered !== undefined) {
    const entry = answered.peek();
    if (entry === undefined) throw new Error('nothing to answer');
    answered.advance();
    inFlight.end(entry);
    answered.accept(0, row, arrival);
  }
  if (i % 500 !== 0 || i < 2_000) continue;
  const used = getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? 0;
  before ??= used;
  most = Math.max(most, used - before);
}
parentPort?.postMessage(most);
