import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withKeysFile } from '../http/door/keys-file.ts';
import { startStubService } from '../http/stub-service.ts';
import { freePort } from '../support/free-port.ts';
import { checkLogLine } from '../support/log-lines.ts';
import { startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

/** Checks each line, and returns the messages that were there. */
function checkAll(log: string): Set<string> {
  return new Set(log.trim().split('\n').map(checkLogLine));
}

type Fields = Record<string, unknown>;

function requestLines(log: string): Fields[] {
  const lines = log.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Fields).filter(({ msg }) => msg === 'request');
}

function assertSeen(seen: Set<string>, wanted: readonly string[]): void {
  assert.deepEqual(
    wanted.filter((message) => !seen.has(message)),
    [],
  );
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('Every line of the log', () => {
  it('has the fields that are documented and no others, from the start of a server to its end', async () => {
    await withKeysFile({ search: 'key-of-search' }, async (API_KEYS_FILE) => {
      const [METRICS_PORT, collector] = [await freePort(), await freePort()];
      const cli = spawnCli(['serve'], {
        PORT: '0',
        LOG_LEVEL: 'debug',
        MAX_INPUT_TOKENS: '512',
        VECTOR_CACHE_MB: '1',
        API_KEYS_FILE,
        METRICS_PORT: String(METRICS_PORT),
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: '100',
      });
      const { url } = await cli.line('ready');
      const authorization = 'Bearer key-of-search';
      const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
        const json = body === undefined ? {} : { 'content-type': 'application/json' };
        const init = { method, headers: { authorization, ...json, ...headers } };
        const response = await fetch(url + path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
        await response.arrayBuffer();
        return response.status;
      };
      const embed = (body: unknown, headers: Record<string, string> = {}) =>
        send('POST', '/v1/embeddings', body, headers);
      const traceparent = `00-${TRACE}-b7ad6b7169203331-00`;
      assert.equal(await embed({ input: ['one', 'two', 'two'] }, { traceparent, 'x-request-id': 'first' }), 200);
      assert.equal(await embed({ input: ['one', ''], on_error: 'partial', encoding_format: 'base64' }), 200);
      assert.equal(await embed({ input: ['word '.repeat(600), '  '], truncate: 'end' }), 200);
      assert.equal(await send('POST', '/v1/similarity', { queries: 'a', documents: ['b'] }), 200);
      assert.equal(await embed({ input: [''] }), 400);
      assert.equal(await embed({ input: 'x' }, { authorization: 'Bearer no' }), 401);
      assert.equal(await send('GET', '/nowhere?q=planted'), 404);
      assert.equal(await send('DELETE', '/v1/embeddings'), 405);
      for (const path of ['/livez', '/readyz', '/v1/models', '/docs', '/openapi.yaml']) await send('GET', path);
      cli.child.kill('SIGHUP');
      await cli.line('API keys reloaded');
      await cli.line('traces cannot be sent');
      cli.child.kill('SIGTERM');
      assert.equal(await cli.exit, 0);

      assertSeen(checkAll(cli.output()), [
        ...['starting hotvec', 'Server listening at …', 'engine ready', 'ready', 'request', 'API keys reloaded'],
        ...['traces cannot be sent', 'shutting down', 'stopped'],
      ]);
      assert.doesNotMatch(cli.output(), /planted/);
      const [first, partial, cut] = requestLines(cli.output());
      const { time, level, msg, ms, tokenizeMs, queueMs, inferMs, encodeMs, bytesOut, tokens, ...rest } =
        first as Fields;
      assert.deepEqual(rest, {
        reqId: 'first',
        method: 'POST',
        route: '/v1/embeddings',
        model: 'starter',
        status: 200,
        key: 'search',
        traceId: TRACE,
        bytesIn: JSON.stringify({ input: ['one', 'two', 'two'] }).length,
        inputs: 3,
        shared: 1,
        cacheHits: 0,
        batches: 1,
        batchId: 0,
        batchItems: 2,
      });
      assert.ok(Number(tokens) > 3 && Number(bytesOut) > 3 * 256);
      for (const duration of [ms, tokenizeMs, queueMs, inferMs, encodeMs]) assert.equal(typeof duration, 'number');
      assert.deepEqual([partial?.failed, partial?.cacheHits, typeof partial?.spanId], [1, 1, 'string']);
      assert.deepEqual([cut?.truncated, cut?.inputs], [1, 2]);
    });
  });

  it('has them also when the engine fails, and requests with it', async () => {
    scriptFakeEngine({
      batchMs: 50,
      faults: [
        { epoch: 1, batch: 0, fault: 'old_epoch' },
        { epoch: 1, batch: 1, fault: 'batch_failed' },
        { epoch: 1, batch: 2, fault: 'batch_failed' },
        { epoch: 1, batch: 3, fault: 'exit' },
      ],
      load: { exitFromEpoch: 3 },
    });
    const service = await startService({ deadlineMs: 20_000 }, fakeEngineEntry);
    try {
      const post = async (body: unknown) => (await service.post('/v1/embeddings', body)).status;
      assert.equal(await post({ input: 'a' }), 200);
      assert.equal(await post({ input: 'b' }), 500);
      assert.equal(await post({ input: 'c', on_error: 'partial' }), 200);
      assert.equal(await post({ input: 'd' }), 200);
      const leave = new AbortController();
      const { signal } = leave;
      const headers = { 'content-type': 'application/json' };
      const left = fetch(`${service.url}/v1/embeddings`, { method: 'POST', headers, body: '{"input":"e"}', signal });
      setTimeout(() => leave.abort(), 20);
      await assert.rejects(left);
      process.kill(service.engineProcessId() as number, 'SIGKILL');
      await until(() => service.log().includes('"reason":"signal"'));
      assert.equal(await post({ input: 'f' }), 503);
    } finally {
      await service.close();
    }
    assertSeen(checkAll(service.log()), [
      ...['dropped a reply from an engine process already given up', 'the engine failed a request'],
      ...['the engine failed an input', 'found the input that made a batch fail, refused it'],
      ...['engine lost, restarting it', 'request'],
    ]);
    const aborted = requestLines(service.log()).filter(({ aborted }) => aborted === true);
    assert.deepEqual(
      aborted.map(({ status, code }) => [status, code]),
      [[499, 'client_closed_request']],
    );
  });

  it('has them when something unexpected happens', async () => {
    const service = await startStubService({ embed: () => Promise.reject(new TypeError('planted')) });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"input":"x"}' };
    assert.equal((await fetch(`${service.url}/v1/embeddings`, init)).status, 500);
    await service.close();
    assertSeen(checkAll(service.log()), ['unexpected error']);
    assert.doesNotMatch(service.log(), /planted/);
  });

  it('is known: unknown lines and unknown fields are noticed', () => {
    const time = new Date().toISOString();
    checkLogLine(JSON.stringify({ level: 'info', time, msg: 'stopped' }));
    for (const line of [
      { level: 'info', time, msg: 'a value of another type' },
      { level: 'info', time, msg: 'stopped', text: 'x' },
      { level: 'warn', time, msg: 'stopped' },
      { level: 'info', time, msg: 'shutting down' },
    ]) {
      assert.throws(() => checkLogLine(JSON.stringify(line)), { name: 'AssertionError' });
    }
  });
});
