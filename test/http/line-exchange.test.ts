import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { sendChunks } from '../../src/http/answers/send-chunks.ts';
import { exchange } from '../../src/http/line-exchange.ts';

describe('exchange()', () => {
  let app: FastifyInstance;
  const closed: string[] = [];
  before(async () => {
    app = Fastify();
    app.addHook('onRequest', async ({ url }, reply) => {
      reply.raw.once('close', () => closed.push(`${url} ${reply.raw.writableFinished}`));
    });
    app.post('/echo', async ({ headers, body, ip, raw }, reply) => {
      const { host, 'x-own': own, 'content-length': length } = headers;
      return reply
        .code(201)
        .header('x-answer', 'yes')
        .send({ body, own, host, length, ip, socket: typeof raw.socket });
    });
    app.post('/chunks', (_, reply) => sendChunks(reply, [Buffer.from('one '), Buffer.from('two '), Buffer.from('ü')]));
    app.post('/large', (_, reply) => sendChunks(reply, new Array(40).fill(Buffer.alloc(2 ** 18, 97))));
    app.post('/breaks-off', (_, reply) => {
      reply.hijack();
      reply.raw.write('half');
      reply.raw.socket?.destroy();
    });
    app.post('/fails', async () => {
      throw Object.assign(new Error('no'), { statusCode: 418 });
    });
    app.post('/leaves', (_, reply) => {
      reply.hijack();
      reply.raw.destroy();
    });
    await app.ready();
  });
  after(() => app.close());

  const ask = async (url: string, body: unknown = {}) => {
    const answer = await exchange(app.routing, {
      url,
      headers: { 'x-own': 'a' },
      body: Buffer.from(JSON.stringify(body)),
    });
    return { ...answer, body: answer.body.toString() };
  };

  it('asks as a connection would, and gives status, headers and body', async () => {
    const { status, headers, body } = await ask('/echo', { ä: 'b' });
    assert.equal(status, 201);
    assert.equal(headers['x-answer'], 'yes');
    assert.deepEqual(JSON.parse(body), { body: { ä: 'b' }, own: 'a', length: '10', socket: 'object' });
  });

  it('joins an answer that comes in chunks', async () => {
    const { status, headers, body } = await ask('/chunks');
    assert.deepEqual([status, body, headers['content-length']], [200, 'one two ü', 10]);
  });

  it('joins a large one, of which no socket would take a chunk at once', async () => {
    const { status, body, headers } = await ask('/large');
    assert.deepEqual([status, body.length, headers['content-length']], [200, 40 * 2 ** 18, 40 * 2 ** 18]);
  });

  it('gives the answers to errors, and to paths that are not there', async () => {
    assert.equal((await ask('/fails')).status, 418);
    assert.equal((await ask('/nowhere')).status, 404);
  });

  it('closes what it asked with once it is answered', async () => {
    closed.length = 0;
    await ask('/echo');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(closed, ['/echo true']);
  });

  it('keeps answers of requests at once apart', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask('/echo', { i })));
    assert.deepEqual(
      answers.map(({ body }) => JSON.parse(body).body.i),
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  it('throws when the answer ends before it is whole', async () => {
    await assert.rejects(ask('/leaves'), /ended before it was whole/);
    await assert.rejects(ask('/breaks-off'), /ended before it was whole/);
  });
});
