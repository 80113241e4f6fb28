import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../../src/package-info.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const FOLDER = path.join(packageRoot, 'node_modules', '@fastify', 'swagger-ui', 'static');
/** The package answers these in another way: a page it writes, and a redirection. */
const OTHERS = new Set(['index.html', 'swagger-initializer.js']);

describe('What does not change', () => {
  let stub: StubService;
  before(async () => {
    stub = await startStubService();
  });
  after(() => stub.close());

  for (const [url, type] of [
    ['/openapi.json', 'application/json; charset=utf-8'],
    ['/openapi.yaml', 'application/yaml; charset=utf-8'],
    ['/docs/json', 'application/json; charset=utf-8'],
    ['/docs/json?for=page', 'application/json; charset=utf-8'],
    ['/docs/yaml', 'application/x-yaml'],
    ['/docs/static/swagger-initializer.js', 'application/javascript; charset=utf-8'],
  ] as const) {
    it(`is made once, and the same each time: ${url}`, async () => {
      const answers = [];
      for (let i = 0; i < 3; i++) {
        const response = await fetch(stub.url + url);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get('content-type'), type);
        answers.push([response.headers.get('etag'), await response.text()]);
      }
      assert.match(answers[0]?.[0] ?? '', /^"[\w-]{27}"$/);
      assert.deepEqual(answers[1], answers[0]);
      assert.deepEqual(answers[2], answers[0]);
      const known = await fetch(stub.url + url, { headers: { 'if-none-match': `"x", W/${answers[0]?.[0]}` } });
      assert.deepEqual([known.status, await known.text()], [304, '']);
      const head = await fetch(stub.url + url, { method: 'HEAD' });
      assert.deepEqual([head.status, await head.text()], [200, '']);
    });
  }

  it('is made while the engine loads, where it is a description: no request has it made', async () => {
    const idle = await startStubService();
    // Five of them, one in a turn of the event loop.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    idle.app.swagger = () => {
      throw new Error('made for a request');
    };
    const forms = ['/openapi.json', '/openapi.yaml', '/docs/json', '/docs/yaml', '/docs/json?for=page'];
    for (const url of forms) assert.equal((await fetch(idle.url + url)).status, 200, url);
    await idle.close();
  });

  it('is not mixed up: /docs/json differs for the page and for others', async () => {
    const read = async (url: string) => (await (await fetch(stub.url + url)).json()) as { servers: { url: string }[] };
    const [forAll, forPage] = [await read('/docs/json'), await read('/docs/json?for=page')];
    assert.notDeepEqual(forAll.servers, forPage.servers);
    assert.deepEqual(await read('/docs/json'), forAll);
  });

  it('are the files of the page, byte by byte, and nothing that is beside or above them', async () => {
    const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    for (const name of readdirSync(FOLDER).filter((one) => !OTHERS.has(one))) {
      for (let i = 0; i < 2; i++) {
        const response = await fetch(`${stub.url}/docs/static/${name}`);
        assert.equal(response.status, 200, name);
        assert.equal(
          hashOf(new Uint8Array(await response.arrayBuffer())),
          hashOf(readFileSync(path.join(FOLDER, name))),
          name,
        );
      }
    }
    for (const name of ['nothing.js', '..%2findex.js', '%2e%2e/package.json', 'a/b.js', '', '.js', 'x%00.js']) {
      const response = await fetch(`${stub.url}/docs/static/${name}`);
      assert.equal(response.status, 404, name);
      assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'not_found');
    }
  });

  it('holds no descriptors: eighty unread requests for a file opened eighty', {
    skip: process.platform !== 'linux' && 'reads /proc',
  }, async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const port = Number(new URL(stub.url).port);
    const before = open();
    const request = 'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const sockets = Array.from({ length: 20 }, () => net.connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {}).write(request.repeat(10));
    await sleep(300);
    // Each connection has two ends here.
    assert.ok(open() - before <= 2 * sockets.length, `${open() - before}`);
    for (const socket of sockets) socket.destroy();
  });
});
