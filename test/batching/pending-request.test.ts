import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingRequest, type SubmitResult } from '../../src/batching/pending-request.ts';
import { HotvecError } from '../../src/errors.ts';

const late = new HotvecError('deadline_exceeded', 'late');

const ARRIVAL = { batchId: 0, batchItems: 3, rowsPerToken: 1, now: 5, inferMilliseconds: 1 };

function create(count: number) {
  const outcomes: unknown[] = [];
  const sequences = Array.from({ length: count }, () => Int32Array.of(1, 2));
  const request = new PendingRequest(sequences, {}, 0, (outcome) => outcomes.push(outcome));
  return { request, outcomes };
}

describe('PendingRequest', () => {
  it('settles with its rows in the order of its sequences, whatever the order of their arrival', () => {
    const { request, outcomes } = create(3);
    for (const index of [2, 0, 1]) request.accept(index, Float32Array.of(index), ARRIVAL);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome as { rows: Float32Array[] }).rows.map(([x]) => x)),
      [[0, 1, 2]],
    );
  });

  it('says how many batches it took, and which the last was', () => {
    const { request, outcomes } = create(3);
    for (const [index, batchId] of [7, 9, 7].entries()) {
      request.accept(index, Float32Array.of(1), { ...ARRIVAL, batchId, batchItems: batchId * 10 });
    }
    const [{ facts }] = outcomes as [SubmitResult];
    const { batches, lastBatchId, lastBatchItems } = facts;
    assert.deepEqual({ batches, lastBatchId, lastBatchItems }, { batches: 2, lastBatchId: 9, lastBatchItems: 90 });
  });

  it('settles once, whatever comes after', () => {
    const failedFirst = create(1);
    failedFirst.request.fail(late);
    failedFirst.request.accept(0, Float32Array.of(1), ARRIVAL);
    failedFirst.request.fail(late);
    assert.deepEqual(failedFirst.outcomes, [late]);
    const answeredFirst = create(1);
    answeredFirst.request.accept(0, Float32Array.of(1), ARRIVAL);
    answeredFirst.request.fail(late);
    assert.equal(answeredFirst.outcomes.length, 1);
    assert.notEqual(answeredFirst.outcomes[0], late);
  });

  it('refuses a second answer for a sequence while others wait', () => {
    const { request } = create(2);
    request.accept(0, Float32Array.of(1), ARRIVAL);
    assert.throws(() => request.accept(0, Float32Array.of(1), ARRIVAL), /answered twice/);
  });
});
