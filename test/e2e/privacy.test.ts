import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answersAre, sendRaw } from '../http/raw-socket.ts';
import { routeList } from '../http/route-list.ts';
import { startStubService } from '../http/stub-service.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const SECRET = 'planted7f3a';
const KEY = `key-${SECRET}`;

const around = (text: string) => `…${text.slice(Math.max(0, text.indexOf(SECRET) - 200), text.indexOf(SECRET) + 50)}`;

async function metricsOf(service: RunningService): Promise<string> {
  return (await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } })).text();
}

describe('what clients send', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const file = path.join(folder, 'keys');
    writeFileSync(file, `# who may ask\nsearch:${createHash('sha256').update(KEY).digest('hex')}\n`);
    service = await startService({
      model: 'starter,starter-reranker',
      apiKeysFile: file,
      logLevel: 'trace',
      maxBodyBytes: 20_000,
    });
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  it('is in no byte of logs, metrics and error answers', async () => {
    const authorization = `Bearer ${KEY}`;
    const answers: string[] = [];
    const post = async (body: unknown, headers = {}, at = '/v1/embeddings') => {
      const response = await service.post(at, body, { authorization, ...headers });
      if (response.status !== 200) answers.push(await response.text());
      return response.status;
    };
    assert.equal(await post({ input: SECRET }), 200);
    assert.equal(await post({ input: [SECRET, `${SECRET} again`], instruction: SECRET, user: SECRET }), 200);
    assert.equal(await post({ queries: SECRET, documents: [SECRET], top_k: 1 }, {}, '/v1/similarity'), 200);
    const ranked = { query: SECRET, documents: [SECRET, { text: SECRET }], instruction: SECRET };
    assert.equal(await post(ranked, {}, '/v1/rerank'), 200);
    for (const wrong of [
      { documents: [SECRET, ''] },
      { documents: [{ text: SECRET, [SECRET]: SECRET }] },
      { documents: [`${SECRET}\ud800`] },
      { query: `${SECRET} `.repeat(1_500), documents: [SECRET] },
      { rank_fields: [SECRET] },
    ]) {
      assert.equal(await post({ ...ranked, ...wrong }, {}, '/v1/rerank'), 400);
      const { query, documents: texts } = { ...ranked, ...wrong };
      await post({ query, texts: [...texts, 1] }, {}, '/rerank');
    }
    for (const [body, headers] of [
      [{ input: SECRET, model: SECRET }],
      [{ input: [SECRET, ''] }],
      [{ input: [SECRET, 1] }],
      [{ input: `${SECRET}\ud800` }],
      [{ input: SECRET, [`field ${SECRET}`]: 1 }],
      [{ input: SECRET, encoding_format: SECRET }],
      [{ input: SECRET, truncate: SECRET }],
      [{ input: SECRET, dimensions: SECRET }],
      [`{"input": "${SECRET}`],
      [`{"input": "${SECRET}", "__proto__": {"a": "${SECRET}"}}`],
      [{ input: `${SECRET} `.repeat(5_000) }],
      [{ input: SECRET }, { authorization: `Bearer ${SECRET}` }],
      [{ input: SECRET }, { 'content-type': `text/${SECRET}` }],
      [{ input: SECRET }, { 'content-encoding': SECRET }],
      [{ input: SECRET }, { 'x-deadline-ms': SECRET }],
      [{ input: SECRET }, { 'x-expect-fingerprint': SECRET }],
      [{ input: SECRET }, { 'x-request-id': `${SECRET} not an id` }],
    ] as [unknown, Record<string, string>?][]) {
      await post(body, headers);
    }
    await post({ input: SECRET }, {}, `/v1/${SECRET}?q=${SECRET}`);
    await fetch(`${service.url}/v1/models/${SECRET}?${SECRET}=1`, { headers: { authorization } }).then(
      async (response) => {
        answers.push(await response.text());
      },
    );
    const metrics = await (await fetch(`${service.url}/metrics`, { headers: { authorization } })).text();
    assert.ok(answers.length >= 17, `${answers.length}`);
    for (const [where, text] of Object.entries({ log: service.log(), metrics, answers: answers.join('\n') })) {
      assert.ok(text.length > 1_000, where);
      assert.ok(
        !text.includes(SECRET),
        `${where}: …${text.slice(Math.max(0, text.indexOf(SECRET) - 200), text.indexOf(SECRET) + 50)}`,
      );
    }
    assert.match(service.log(), /"key":"search"/, 'the name of the key is logged');
  });

  it('is in none of them on any route that a running instance has: text, URL, headers, key, with and without a key', async () => {
    const stub = await startStubService();
    const routes = routeList(stub.app);
    await stub.close();
    assert.ok(routes.length >= 20);
    const planted = [
      ...['x-planted', 'user-agent', 'cookie', 'referer', 'traceparent', 'tracestate', 'x-forwarded-for', 'accept'],
      ...['x-priority', 'x-deadline-ms', 'x-expect-fingerprint', 'x-api-key', 'openai-organization', 'origin'],
    ].map((name) => [name, SECRET]);
    const body = JSON.stringify(
      Object.fromEntries(
        ['input', 'inputs', 'texts', 'query', 'queries', 'documents', 'content', 'model', 'prompt'].map((name) => [
          name,
          SECRET,
        ]),
      ),
    );
    let errors = '';
    for (const [method, url] of [...routes, ['PUT', `/${SECRET}`], ['DELETE', `/v1/models/${SECRET}`]] as const) {
      for (const authorization of [`Bearer ${KEY}`, `Bearer ${SECRET}`, `Basic ${SECRET}`]) {
        for (const headers of [Object.fromEntries(planted), {}]) {
          const response = await fetch(`${service.url}${url}?${SECRET}=${SECRET}#${SECRET}`, {
            method,
            headers: { ...headers, authorization, 'content-type': 'application/json' },
            redirect: 'manual',
            body: ['POST', 'PUT'].includes(method) ? body : null,
          });
          const text = await response.text();
          if (response.status !== 200) errors += text;
        }
      }
    }
    const metrics = await metricsOf(service);
    for (const [where, text] of Object.entries({ log: service.log(), metrics, errors })) {
      assert.ok(!text.includes(SECRET), `${where}: ${around(text)}`);
    }
  });

  it('is in none of them where it is no HTTP, comes too late, or not at all', async () => {
    const post = 'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const key = `authorization: Bearer ${KEY}\r\n`;
    const answers = await Promise.all(
      [
        `${SECRET}\r\n\r\n`,
        `${SECRET} /${SECRET} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
        `GET /${SECRET} HTTP/1.1\r\nhost: ${SECRET}\r\n${SECRET}\r\n\r\n`,
        `GET /%${SECRET} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
        `GET /livez HTTP/1.1\r\n\r\n${SECRET}`,
        `GET /livez HTTP/1.1\r\nhost: localhost\r\n${SECRET}: ${SECRET.repeat(3_000)}\r\n\r\n`,
        `${post}${key}transfer-encoding: ${SECRET}, chunked\r\n\r\n0\r\n\r\n`,
        `${post}${key}transfer-encoding: chunked\r\n\r\n${SECRET}\r\n`,
        `${post}${key}content-length: ${SECRET}\r\n\r\n`,
        `${post}${key}content-length: 30000\r\n\r\n{"input":"${SECRET}`,
        `${post}${key}expect: ${SECRET}\r\ncontent-length: 2\r\n\r\n{}`,
        `${post}authorization: Bearer ${SECRET} ${KEY}\r\ncontent-length: 300\r\n\r\n{"input":"${SECRET}`,
      ].map((bytes) => sendRaw(service.url, bytes, answersAre(1))),
    );
    const leaving = net.connect(Number(new URL(service.url).port), '127.0.0.1');
    leaving.write(`${post}${key}content-length: 3000\r\n\r\n{"input":"${SECRET}`);
    await sleep(50);
    leaving.destroy();
    await sleep(50);
    assert.ok(
      answers.every((answer) => /^HTTP\/1\.1 4\d\d /.test(answer)),
      answers.join('\n'),
    );
    for (const [where, text] of Object.entries({
      log: service.log(),
      metrics: await metricsOf(service),
      answers: answers.join(),
    })) {
      assert.ok(!text.includes(SECRET), `${where}: ${around(text)}`);
    }
  });

  it('as token ids is in no byte of logs and metrics', async () => {
    const authorization = `Bearer ${KEY}`;
    const ids = [7391, 7392, 7393, 7394];
    for (const input of [ids, [ids, ids], [...ids, 987_654_321], [ids, [987_654_321]], [...ids, 1.5], [...ids, 'x']]) {
      for (const token_ids of ['checked', 'as_is']) {
        await (await service.post('/v1/embeddings', { input, token_ids }, { authorization })).text();
      }
    }
    for (const text of [service.log(), await metricsOf(service)]) {
      assert.doesNotMatch(text, /7391\D{1,3}7392|987654321/);
    }
  });
});
