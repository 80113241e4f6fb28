import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AllowedHosts } from '../../../src/http/door/allowed-hosts.ts';
import { buildMetricsApp } from '../../../src/http/metrics-app.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { Metrics } from '../../../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../../../src/metrics/observed-metrics.ts';
import type { Config } from '../../../src/settings/config.ts';
import { testConfig } from '../../support/running-service.ts';
import { answersAre, parseAnswers, type RawAnswer, sendRaw } from '../raw-socket.ts';
import { routeList } from '../route-list.ts';
import { type StubService, startStubService, stubHealth } from '../stub-service.ts';

const own = [
  'localhost',
  'localhost:8080',
  'LocalHost.:80',
  'app.localhost',
  'a.b.localhost:8080',
  '127.0.0.1',
  '127.0.0.1:65535',
  '127.255.1.2:1',
  // Browsers and curl take these for 127.0.0.1.
  '127.1',
  '0x7f000001:8080',
  '[::1]',
  '[::1]:8080',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]:8080',
];
const foreignNames = [
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  'evil-localhost',
  'notlocalhost',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io:8080',
  'localhost:8080.evil.example',
  'localhost@evil.example',
  'evil.example#localhost',
  'evil.example/localhost',
  'xn--lcalhost-mcb',
  'hotvec',
  '.localhost.example',
];
const noHosts = ['localhost, evil.example', '[::1', '::1', '127.0.0.1:80:80', '127.0.0.256', ' '];
const foreignAddresses = ['10.0.0.5:8080', '192.168.1.2', '0.0.0.0:8080', '128.0.0.1', '[::2]', '[fe80::1]:8080'];

describe('AllowedHosts', () => {
  it('has the names and addresses of loopback, in every spelling and with every port', () => {
    for (const bound of ['127.0.0.1', '::1', 'localhost', '0.0.0.0']) {
      const hosts = new AllowedHosts([], bound);
      for (const host of own) assert.equal(hosts.has(host), true, `${bound}: ${host}`);
    }
  });

  it('has no other name, and nothing that is no host', () => {
    for (const bound of ['127.0.0.1', '0.0.0.0']) {
      const hosts = new AllowedHosts(['vectors.example'], bound);
      for (const host of [...foreignNames, ...noHosts]) assert.equal(hosts.has(host), false, `${bound}: ${host}`);
    }
  });

  it('has other addresses where connections come to one: no DNS answer is behind them', () => {
    for (const host of foreignAddresses) {
      assert.equal(new AllowedHosts([], '127.0.0.1').has(host), false, host);
      assert.equal(new AllowedHosts(['vectors.example'], '0.0.0.0').has(host), true, host);
    }
  });

  it('has the names it was given, with any port unless one was given', () => {
    const hosts = new AllowedHosts(['Vectors.Example', 'one.example:8080', '*.lan.example', '10.0.0.5', '::2'], '::1');
    for (const host of ['vectors.example', 'VECTORS.example.:1', 'one.example:8080', 'a.b.lan.example:9']) {
      assert.equal(hosts.has(host), true, host);
    }
    for (const host of ['10.0.0.5:8080', '[::2]:1']) assert.equal(hosts.has(host), true, host);
    for (const host of ['a.vectors.example', 'one.example', 'one.example:80', 'lan.example', 'evillan.example']) {
      assert.equal(hosts.has(host), false, host);
    }
  });

  it('has any with *, and none where a client names none', () => {
    for (const host of [...foreignNames, ...noHosts])
      assert.equal(new AllowedHosts(['*'], '::1').has(host), true, host);
    for (const host of ['', undefined]) assert.equal(new AllowedHosts([], '::1').has(host), true);
  });
});

describe('A request for another host', () => {
  const open: StubService[] = [];
  after(() => Promise.all(open.map((service) => service.close())));

  async function start(config: Partial<Config>, keys?: Record<string, string>): Promise<StubService> {
    const service = await startStubService({ config, ...(keys === undefined ? {} : { keys }) });
    open.push(service);
    return service;
  }

  async function ask(service: StubService, host: string, route = '/v1/models', method = 'GET'): Promise<RawAnswer> {
    const body = method === 'POST' ? '{"input":"x"}' : '';
    const head = `${method} ${route} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
    const request = `${head}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
    const text = await sendRaw(service.url, request, answersAre(1));
    const [answer] = parseAnswers(method === 'HEAD' ? text.replace(/content-length: \d+/i, 'content-length: 0') : text);
    assert.ok(answer !== undefined, text);
    return answer;
  }

  it('is refused on every route of a server on loopback without keys, before anything is computed', async () => {
    const service = await start({});
    for (const [method, route] of [...routeList(service.app), ['GET', '/nothing'], ['OPTIONS', '/v1/embeddings']]) {
      const { status, body } = await ask(service, 'evil.example', route, method);
      assert.equal(status, 403, `${method} ${route}`);
      if (method !== 'HEAD')
        assert.match(body, /does not accept requests for the host.*ALLOWED_HOSTS/, `${method} ${route}`);
    }
    assert.equal(service.embedCalls(), 0);
    assert.ok(!service.log().includes('evil.example'));
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]:8080'])
      assert.equal((await ask(service, host)).status, 200);
    assert.equal((await ask(service, 'localhost', '/v1/embeddings', 'POST')).status, 200);
  });

  it('is refused by the host of a URL that is sent whole, which goes before the header', async () => {
    const service = await start({});
    for (const [url, host, status] of [
      ['http://localhost:8080/v1/models', 'localhost', 200],
      ['http://localhost/v1/models', 'evil.example', 200],
      ['http://evil.example/v1/models', 'localhost', 403],
      ['https://evil.example?x=http://localhost/v1/models', 'localhost', 403],
      ['http://localhost@evil.example/v1/models', 'localhost', 400],
    ] as const) {
      assert.equal((await ask(service, host, url)).status, status, url);
    }
  });

  it('is served where keys are asked for, and where the port is open to other machines', async () => {
    const keyed = await start({}, { someone: 'secret' });
    assert.equal((await ask(keyed, 'evil.example')).status, 401);
    const proxied = await start({ host: '0.0.0.0', allowNoAuth: true });
    for (const host of ['hotvec:8080', 'vectors.example', '10.1.2.3:8080']) {
      assert.equal((await ask(proxied, host)).status, 200, host);
    }
  });

  it('is refused on any server that names its hosts, before the key is looked at', async () => {
    const keyed = await start({ allowedHosts: ['vectors.example'] }, { someone: 'secret' });
    assert.equal((await ask(keyed, 'evil.example')).status, 403);
    assert.equal((await ask(keyed, 'vectors.example')).status, 401);
    const proxied = await start({ host: '0.0.0.0', allowNoAuth: true, allowedHosts: ['vectors.example'] });
    assert.equal((await ask(proxied, 'hotvec')).status, 403);
    // As kubelet and Prometheus ask.
    assert.equal((await ask(proxied, '10.1.2.3:8080', '/readyz')).status, 200);
  });

  it('is served by a server on loopback that allows it', async () => {
    assert.equal((await ask(await start({ allowedHosts: ['vectors.example'] }), 'vectors.example')).status, 200);
    assert.equal((await ask(await start({ allowedHosts: ['*'] }), 'evil.example')).status, 200);
  });

  it('is refused on METRICS_PORT by the address that this listens on', async () => {
    const config = testConfig({ host: '0.0.0.0', allowNoAuth: true, metricsPort: 1, metricsHost: '127.0.0.1' });
    const app = await buildMetricsApp({
      config,
      readiness: { isGivenUp: false, check: () => {}, report: () => stubHealth },
      metrics: new Metrics(() => NOTHING_OBSERVED),
      logger: createLogger('silent'),
      apiKeys: null,
      tracer: null,
    });
    for (const url of ['/metrics', '/livez']) {
      assert.equal((await app.inject({ url, headers: { host: 'evil.example' } })).statusCode, 403, url);
      assert.equal((await app.inject({ url, headers: { host: 'localhost:9090' } })).statusCode, 200, url);
    }
    // There is no documentation on this port.
    assert.match((await app.inject({ url: '/nothing' })).body, /"This path does not exist\."/);
    await app.close();
  });
});
