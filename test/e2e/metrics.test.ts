import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Metrics } from '../../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../../src/metrics/observed-metrics.ts';
import { packageRoot } from '../../src/package-info.ts';
import { readMetrics, type Series } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

/** Metrics that need another service to move, and the test that sees them move there. */
const SEEN_ELSEWHERE: Record<string, string> = {
  hotvec_batch_padding_ratio: 'test/e2e/padded-model.test.ts',
  hotvec_batch_api_lines_total: 'test/http/routes/batches/batches.test.ts',
  hotvec_batch_api_batches_total: 'test/http/routes/batches/batches.test.ts',
  hotvec_batch_api_unfinished: 'test/http/routes/batches/batches.test.ts',
  hotvec_batch_api_stored_bytes: 'test/http/routes/batches/batches.test.ts',
  hotvec_batch_api_max_stored_bytes: 'test/http/routes/batches/batches.test.ts',
  hotvec_batch_api_oldest_waiting_seconds: 'test/metrics/metrics.test.ts',
  hotvec_batch_api_folder_lost: 'test/metrics/metrics.test.ts',
  hotvec_batch_api_paused: 'test/metrics/metrics.test.ts',
  hotvec_inflight_bytes: 'test/metrics/metrics.test.ts',
  hotvec_poison_inputs_total: 'test/fault/poison.test.ts',
  hotvec_log_lines_dropped_total: 'test/log/destination.test.ts',
};

const seen = new Set<string>();

/** Notes that a test saw a metric at work. */
function note(series: string): void {
  seen.add(series.replace(/\{.*$/, '').replace(/_(count|sum|bucket)$/, ''));
}

/** Asserts that a series has risen, by a number where it is known. */
function assertRose(name: string, from: Series, to: Series, by?: number): void {
  const series = `hotvec_${name}`;
  const [old = 0, now = 0] = [from.get(series), to.get(series)];
  if (by === undefined) assert.ok(now > old, `${series}: ${old} → ${now}`);
  else assert.equal(now - old, by, series);
  note(series);
}

function assertIs(name: string, series: Series, value: number): void {
  assert.equal(series.get(`hotvec_${name}`), value, name);
  note(`hotvec_${name}`);
}

/** A unique text of about ten tokens that starts with its number. */
let nextText = 0;
function texts(count: number): string[] {
  return Array.from({ length: count }, () => `${nextText++} of many that are not alike`);
}

describe('Every metric', () => {
  let service: RunningService;
  before(async () => {
    scriptFakeEngine({ batchMs: 100 });
    const settings = { vectorCacheMb: 1, maxInputTokens: 16, maxBatchTokens: 2_048 };
    service = await startService(settings, fakeEngineEntry);
  });
  after(() => service.close());

  const post = async (body: unknown, status = 200) => {
    const response = await service.post('/v1/embeddings', body);
    assert.equal(response.status, status, await response.text());
  };
  /** What the series were before `act`, and are after it. */
  const around = async (act: () => Promise<unknown>): Promise<[Series, Series]> => {
    const old = await readMetrics(service.url);
    await act();
    return [old, await readMetrics(service.url)];
  };

  it('of what is served', async () => {
    const series = await readMetrics(service.url);
    const [build] = [...series.keys()].filter((name) => name.startsWith('hotvec_build_info'));
    assert.match(
      String(build),
      /version="\d+\.\d+\.\d+",model="starter",revision="",fingerprint="\w+",device="cpu",dtype="fp32"\}$/,
    );
    note(String(build));
    assertIs('ready', series, 1);
    assertIs('engine_up{model="starter"}', series, 1);
    assertIs('engine_epoch{model="starter",device_id="0",engine="0"}', series, 1);
    assertIs('canary_cosine{model="starter",device_id="0",engine="0"}', series, 1);
    assertIs('batch_budget_tokens{model="starter"}', series, 2_048);
    // As measured at the load, before the first batch.
    assertIs('tokens_per_second{model="starter"}', series, 100_000);
  });

  it('of a request that is served', async () => {
    const body = { input: texts(3) };
    const [old, now] = await around(() => post(body));
    assertRose('http_requests_total{method="POST",route="/v1/embeddings",model="starter",status="200"}', old, now, 1);
    assertRose('http_request_duration_seconds_count{route="/v1/embeddings",model="starter"}', old, now, 1);
    for (const stage of ['tokenize', 'queue', 'infer', 'encode']) {
      assertRose(`stage_duration_seconds_count{stage="${stage}",model="starter"}`, old, now, 1);
    }
    assertRose('inputs_total{model="starter"}', old, now, 3);
    assertRose('tokens_total{model="starter"}', old, now);
    assertRose('cache_misses_total{model="starter"}', old, now, 3);
    assertRose('cache_bytes{model="starter"}', old, now);
    for (const name of ['batch_items', 'batch_tokens', 'batch_unique_ratio', 'batch_duration_seconds']) {
      assertRose(`${name}_count{model="starter"}`, old, now, 1);
    }
    assertRose('batch_items_sum{model="starter"}', old, now, 3);
    assertRose('engine_busy_seconds_total{model="starter",device_id="0",engine="0"}', old, now);
    assertRose('engine_rss_bytes{model="starter",device_id="0",engine="0"}', old, now);
    assertRose('engine_busy_ratio{model="starter"}', old, now);
    assert.notEqual(
      now.get('hotvec_tokens_per_second{model="starter"}'),
      old.get('hotvec_tokens_per_second{model="starter"}'),
    );

    const [before, afterwards] = await around(() => post(body));
    assertRose('cache_hits_total{model="starter"}', before, afterwards, 3);
    assertRose('batch_items_count{model="starter"}', before, afterwards, 0);
  });

  it('of texts that are alike, too long or wrong', async () => {
    const [one] = texts(1);
    const [old, now] = await around(() => post({ input: [one, one] }));
    assertRose('shared_inputs_total{model="starter"}', old, now, 1);
    const [before, afterwards] = await around(async () => {
      await post({ input: 'word '.repeat(50), truncate: 'end' });
      await post({ input: 'word '.repeat(50) }, 400);
      await post({ input: ['fine', ''], on_error: 'partial' });
    });
    assertRose('truncated_inputs_total{model="starter"}', before, afterwards, 1);
    assertRose('rejected_total{reason="input_too_long"}', before, afterwards, 1);
    assertRose('failed_inputs_total{reason="empty_input",model="starter"}', before, afterwards, 1);
  });

  it('of what waits', async () => {
    const idle = await readMetrics(service.url);
    // Each more than a batch, so that there is always one that waits.
    const requests = Array.from({ length: 4 }, () => post({ input: texts(300) }));
    let busy = idle;
    await until(async () => {
      busy = await readMetrics(service.url);
      return (
        (busy.get('hotvec_queue_tokens{model="starter"}') ?? 0) > 0 &&
        (busy.get('hotvec_engine_batch_age_seconds{model="starter"}') ?? 0) > 0
      );
    });
    for (const name of ['queue_tokens', 'queue_requests', 'queue_oldest_seconds', 'engine_batch_age_seconds']) {
      assertRose(`${name}{model="starter"}`, idle, busy);
    }
    await Promise.all(requests);
    const done = await readMetrics(service.url);
    for (const name of ['queue_tokens', 'queue_requests', 'queue_oldest_seconds']) {
      assertIs(`${name}{model="starter"}`, done, 0);
    }
    // These were too many vectors for a megabyte.
    assertRose('cache_evictions_total{model="starter"}', idle, done);
  });

  it('of a client that leaves', async () => {
    const [old, now] = await around(async () => {
      const leave = new AbortController();
      const request = fetch(`${service.url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // Of many batches: it is still computed when that was seen, however busy the machine.
        body: JSON.stringify({ input: texts(2_000) }),
        signal: leave.signal,
      });
      await until(
        async () => ((await readMetrics(service.url)).get('hotvec_engine_batch_age_seconds{model="starter"}') ?? 0) > 0,
      );
      leave.abort();
      await assert.rejects(request);
      await until(() => service.log().includes('"code":"client_closed_request"'));
    });
    assertRose('cancelled_total{phase="infer"}', old, now, 1);
  });

  it('of an engine that fails', async () => {
    scriptFakeEngine({
      load: { exitFromEpoch: 3 },
      faults: [
        { epoch: 1, batch: 0, fault: 'old_epoch' },
        { epoch: 1, batch: 1, fault: 'not_finite' },
        { epoch: 1, batch: 2, fault: 'exit' },
      ],
    });
    const failing = await startService({}, fakeEngineEntry);
    try {
      const old = await readMetrics(failing.url);
      assertIs('engine_restarts_total{reason="exit",model="starter",device_id="0",engine="0"}', old, 0);
      for (const status of [200, 500, 200]) {
        assert.equal((await failing.post('/v1/embeddings', { input: texts(1) })).status, status);
      }
      const now = await readMetrics(failing.url);
      assertRose('stale_replies_total{model="starter"}', old, now, 1);
      assertRose('nonfinite_rows_total{model="starter"}', old, now, 1);
      assertRose('engine_restarts_total{reason="exit",model="starter",device_id="0",engine="0"}', old, now, 1);
      assertRose('engine_epoch{model="starter",device_id="0",engine="0"}', old, now, 1);

      // The third process does not come up: the next is tried after a while.
      process.kill(failing.engineProcessId() as number, 'SIGKILL');
      await until(async () => (await readMetrics(failing.url)).get('hotvec_ready') === 0);
      const down = await readMetrics(failing.url);
      assertIs('engine_up{model="starter"}', down, 0);
      assertRose('engine_restarts_total{reason="signal",model="starter",device_id="0",engine="0"}', now, down, 1);
    } finally {
      await failing.close();
    }
  });

  it('has been seen to move, or is by the test that is named', async () => {
    const metrics = await new Metrics(() => NOTHING_OBSERVED).registry.getMetricsAsJSON();
    const own = metrics.map(({ name }) => name).filter((name) => !/^hotvec_(process|nodejs)_/.test(name));
    assert.ok(own.length >= 37, `${own.length}`);
    for (const [name, file] of Object.entries(SEEN_ELSEWHERE)) {
      assert.ok(readFileSync(path.join(packageRoot, file), 'utf8').includes(name), `${file} has no ${name}`);
    }
    assert.deepEqual(
      own.filter((name) => !seen.has(name) && SEEN_ELSEWHERE[name] === undefined),
      [],
    );
  });
});
