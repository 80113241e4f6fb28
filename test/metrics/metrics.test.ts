import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BatchJob } from '../../src/batch-jobs/batch-job.ts';
import { NO_BATCHES } from '../../src/metrics/batch-job-metrics.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../../src/metrics/observed-metrics.ts';
import { parseMetrics } from '../support/read-metrics.ts';

async function seriesOf(metrics: Metrics) {
  return parseMetrics(await metrics.registry.metrics());
}

describe('Metrics', () => {
  it('has the bytes of request bodies as they are, not as they were', async () => {
    const metrics = new Metrics(() => NOTHING_OBSERVED);
    for (const bytes of [10, 300, 20]) metrics.observeBytesInside(bytes);
    assert.equal((await seriesOf(metrics)).get('hotvec_inflight_bytes'), 20);
  });

  it('has what must be 0 from the start on', async () => {
    const metrics = new Metrics(() => NOTHING_OBSERVED);
    for (const model of ['a', 'b']) metrics.of(model);
    const series = await seriesOf(metrics);
    for (const name of ['hotvec_nonfinite_rows_total', 'hotvec_poison_inputs_total', 'hotvec_stale_replies_total']) {
      for (const model of ['a', 'b']) assert.equal(series.get(`${name}{model="${model}"}`), 0, name);
    }
  });

  it('reads what others count when it is asked', async () => {
    let logLinesDropped = 3;
    const metrics = new Metrics(() => ({ ...NOTHING_OBSERVED, logLinesDropped }));
    assert.equal((await seriesOf(metrics)).get('hotvec_log_lines_dropped_total'), 3);
    logLinesDropped = 5;
    assert.equal((await seriesOf(metrics)).get('hotvec_log_lines_dropped_total'), 5);
  });

  it('counts a batch as paused until it goes on, ends, or fails', async () => {
    const metrics = new Metrics(() => ({
      ...NOTHING_OBSERVED,
      batches: { ...NO_BATCHES, isLost: true, oldestWaitingS: 7 },
    }));
    const paused = async () => (await seriesOf(metrics)).get('hotvec_batch_api_paused');
    const ids = ['a', 'b', 'c'];
    for (const batch of ids) metrics.observeBatchJob({ kind: 'paused', batch, reason: 'ENOSPC' });
    assert.equal(await paused(), 3);
    metrics.observeBatchJob({ kind: 'continued', batch: 'a' });
    assert.equal(await paused(), 2);
    // Cancelled while it waited: there was room when that was stored, and nobody had to say that it goes on.
    metrics.observeBatchJob({ kind: 'ended', job: { id: 'b', status: 'cancelled' } as BatchJob });
    assert.equal(await paused(), 1);
    metrics.observeBatchJob({ kind: 'failed', batch: 'c', error: new Error('broken') });
    assert.equal(await paused(), 0);
    const series = await seriesOf(metrics);
    assert.equal(series.get('hotvec_batch_api_folder_lost'), 1);
    assert.equal(series.get('hotvec_batch_api_oldest_waiting_seconds'), 7);
  });

  it('has the lag of the event loop and what else Node tells', async () => {
    const series = await seriesOf(new Metrics(() => NOTHING_OBSERVED));
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_open_fds']) {
      assert.ok(series.has(`hotvec_${name}`) || process.platform !== 'linux', name);
    }
  });
});
