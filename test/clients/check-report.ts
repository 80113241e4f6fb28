import assert from 'node:assert/strict';
import { largestDifference } from '../support/difference.ts';
import type { ClientReport } from './client-report.ts';
import { type ClientStand, texts } from './client-stand.ts';
import type { Client } from './clients.ts';

const TOLERANCE = 2e-6;

/** What must hold of every client: the reference's vectors, errors its user can act on, repetitions that make sense. */
export function checkReport(report: ClientReport, stand: ClientStand, client: Client): void {
  checkVectors(report);
  assert.deepEqual(report.errors, client.errors);
  checkRetries(report, stand, client);
  client.checkMore?.(report.more, stand);
}

function checkVectors({ batches, dimensions64, queries }: ClientReport): void {
  assert.deepEqual(Object.keys(batches), ['1', '1000', '2048']);
  for (const [size, vectors] of Object.entries(batches)) {
    assert.equal(vectors.length, Number(size));
    assertClose(vectors, (text) => text.vector);
  }
  assert.equal(dimensions64.length, texts.length);
  assertClose(dimensions64, (text) => text.vector_64);
  assert.equal(queries.length, texts.length);
  assertClose(queries, (text) => text.query_vector);
}

/** @param wanted undefined where the reference has no such vector of the text. */
function assertClose(vectors: number[][], wanted: (text: (typeof texts)[number]) => number[] | undefined): void {
  for (const [i, vector] of vectors.entries()) {
    const reference = wanted(texts[i % texts.length] as (typeof texts)[number]);
    if (reference !== undefined) assert.ok(largestDifference(vector, reference) < TOLERANCE, `vector ${i}`);
  }
}

function checkRetries(report: ClientReport, { arrivals, task }: ClientStand, client: Client): void {
  // What the client repeats, by its own rules or by ours.
  const repeated = { never: [], 'at once': ['not_ready'] }[String(client.retries)] ?? ['not_ready', 'overloaded'];
  assert.deepEqual(
    [report.afterNotReady, report.afterOverload],
    [Number(repeated.length > 0), Number(repeated.length > 1)],
  );
  for (const code of repeated) {
    const [first = 0, second = 0, ...more] = arrivals(`${code} once ${task.retryAfterMs}`);
    assert.ok(second > 0, `${code} is tried again`);
    assert.deepEqual(more, []);
    // Not how fast the client is, but that it waits as long as it is told; a timer never fires a whole millisecond early.
    if (client.retries === 'as told' || client.retries === 'when told') {
      assert.ok(second - first > task.retryAfterMs - 1, `${code}: after ${second - first} ms`);
    }
  }
  if (client.retries === 'as told') {
    assert.equal(arrivals('non_finite_output').length, 1, 'x-should-retry: false is not tried again');
  }
}
