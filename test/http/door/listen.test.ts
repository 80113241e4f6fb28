import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Fastify from 'fastify';
import { listen } from '../../../src/http/door/listen.ts';

describe('listen()', () => {
  it('takes the connections of all addresses of localhost into one server, whose bounds hold for each', async () => {
    const app = Fastify();
    app.get('/', async () => 'here');
    let connections = 0;
    app.server.on('connection', () => {
      connections += 1;
    });
    const address = { host: 'localhost', port: 0, prefix: '' } as const;
    // The last one is no address of this machine (RFC 5737).
    const url = await listen(app, address, async () => ['127.0.0.1', '127.0.0.2', '203.0.113.1']);
    const { port } = new URL(url);
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), 'here');
    }
    assert.equal(connections, 2);
    app.server.closeAllConnections();
    await app.close();
    await assert.rejects(fetch(`http://127.0.0.2:${port}/`));
  });
});
