import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readConfig } from '../../../src/settings/config.ts';
import { dialectBodies } from '../dialects/provoked-answers.ts';
import { answersAre, parseAnswers, sendRaw } from '../raw-socket.ts';
import { routeList } from '../route-list.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const BASE = '/tools/hotvec';

describe('BASE_PATH', () => {
  let service: StubService;
  let plain: StubService;
  before(async () => {
    service = await startStubService({ config: { basePath: BASE, logLevel: 'trace' } });
    plain = await startStubService();
  });
  after(() => Promise.all([service.close(), plain.close()]));

  const ask = (path: string, method = 'GET') =>
    fetch(service.url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(dialectBodies[path.slice(BASE.length)] ?? { input: 'x' }) } : {}),
      redirect: 'manual',
    });

  it('is in front of every route, and each answers there as it does without', async () => {
    const routes = routeList(service.app);
    assert.ok(routes.length > 20);
    for (const [method, route] of routes) {
      const init = { method, headers: { 'content-type': 'application/json' }, redirect: 'manual' } as const;
      const [with_, without] = await Promise.all([
        fetch(service.url + BASE + route, init),
        fetch(plain.url + route, init),
      ]);
      assert.equal(with_.status, without.status, `${method} ${route}`);
    }
    assert.equal((await ask(`${BASE}/v1/embeddings`, 'POST')).status, 200);
    assert.equal((await ask(`${BASE}/v1/models?x=1`)).status, 200);
    assert.equal((await ask(BASE)).status, 200);
    assert.equal((await ask(`${BASE}?x=1`)).status, 200);
  });

  it('leaves nothing beside it but the probes and /metrics, and says where the rest is', async () => {
    for (const path of ['/livez', '/readyz', '/health', '/metrics', '/'])
      assert.equal((await ask(path)).status, 200, path);
    for (const [path, method] of [
      ['/v1/models'],
      ['/v1/embeddings', 'POST'],
      ['/embed', 'POST'],
      ['/', 'POST'],
      ['/docs'],
      ['/tools'],
      ['/tools/hotvecs/v1/models'],
      ['/Tools/hotvec/v1/models'],
      ['/outside-of-the-base-path'],
    ] as const) {
      const answer = await ask(path, method);
      assert.equal(answer.status, 404, path);
      assert.match(await answer.text(), /all paths of this server begin with \/tools\/hotvec/, path);
    }
  });

  it('is found in URLs that are sent whole, as to a proxy', async () => {
    for (const [path, status] of [
      [`${BASE}/v1/models?x=1`, 200],
      [BASE, 200],
      ['/livez', 200],
      ['', 200],
      ['/v1/models', 404],
    ] as const) {
      const head = `GET HTTP://localhost${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`;
      const [answer] = parseAnswers(await sendRaw(service.url, head, answersAre(1)));
      assert.equal(answer?.status, status, path);
    }
  });

  it('is kept by bodies that wait for leave', async () => {
    const head = `POST ${BASE}/v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
    const text = await sendRaw(
      service.url,
      `${head}expect: 100-continue\r\ncontent-length: 13\r\nconnection: close\r\n\r\n{"input":"x"}`,
      (all) => answersAre(1)(all.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '')),
    );
    assert.equal(parseAnswers(text.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, ''))[0]?.status, 200);
  });

  it('is in the description of the API, and in hints; not in log and metrics', async () => {
    const description = (await (await ask(`${BASE}/openapi.json`)).json()) as { servers: { url: string }[] };
    assert.deepEqual(description.servers, [{ url: BASE }]);
    assert.match(await (await ask(`${BASE}/v1/v1/models`)).text(), /Did you mean GET \/tools\/hotvec\/v1\/models\?/);
    assert.match(service.log(), /"route":"\/v1\/embeddings","model":"stub","status":200/);
    assert.doesNotMatch(service.log(), /tools/);
  });

  it('is a path in any spelling, and nothing else', () => {
    for (const text of ['/tools/hotvec', 'tools/hotvec', '/tools/hotvec/', 'tools/hotvec/']) {
      assert.equal(readConfig({ BASE_PATH: text }).basePath, BASE, text);
    }
    for (const text of ['', '/']) assert.equal(readConfig({ BASE_PATH: text }).basePath, '', text);
    for (const text of ['https://example.com/x', '/a b', '/a?b', '//a', '/a//b', '/../a', '/a/.', '/%61', '/ä']) {
      assert.throws(() => readConfig({ BASE_PATH: text }), /BASE_PATH is .*expected a path such as \/hotvec/, text);
    }
  });
});
