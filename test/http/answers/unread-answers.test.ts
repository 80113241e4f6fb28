import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbedResult } from '../../../src/tasks/embedding/embedder.ts';
import { heldBytes } from '../../support/read-metrics.ts';
import { until } from '../../support/supervised-engine.ts';
import { type StubOptions, type StubService, startStubService } from '../stub-service.ts';

const ANSWER_BYTES = 16 * 2 ** 20;
/** An answer that no socket buffers of the kernel can hold: 12 vectors of 262,144 numbers, base64. */
const large: EmbedResult = {
  vectors: Array.from({ length: 12 }, () => new Float32Array(2 ** 18).fill(0.5)),
  tokens: Array(12).fill(1),
  truncated: Array(12).fill(false),
  failures: new Map(),
  facts: {
    timings: { tokenize: 0, queue: 0, infer: 0 },
    batches: 1,
    lastBatchId: 0,
    lastBatchItems: 1,
    shared: 0,
    cache: null,
  },
};
const request = (input: string) => {
  const body = JSON.stringify({ input, encoding_format: 'base64' });
  return `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

describe('An answer that is never read', () => {
  let stub: StubService;
  let sockets: net.Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await stub.close();
  });

  const start = async (options: StubOptions) => {
    stub = await startStubService({ embed: ([first]) => (first?.content === 'large' ? large : undefined), ...options });
  };
  /** Asks, and does not read: nothing takes the data. */
  const ask = (...inputs: string[]): net.Socket => {
    const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
    socket.on('error', () => {}).write(inputs.map(request).join(''));
    sockets.push(socket);
    return socket;
  };
  const statusOf = async (input: string) => {
    const response = await fetch(`${stub.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    });
    await response.arrayBuffer();
    return response;
  };

  it('is counted, and given up with its connection after a while (it was kept for ever)', async () => {
    await start({ patience: { sendMs: 500 } });
    ask('large');
    ask('large');
    await until(async () => (await heldBytes(stub.url)) > 2 * ANSWER_BYTES);
    await until(async () => (await heldBytes(stub.url)) === 0);
    await until(() => stub.log().split('"aborted":true').length === 3);
    assert.equal((await statusOf('alive')).status, 200);
  });

  it('keeps others out with 429 while no more may be held, and is then given up sooner', async () => {
    await start({
      patience: { sendMs: 3_600_000, sendWhenFullMs: 5_000 },
      config: { maxInflightBytes: 2 * ANSWER_BYTES },
    });
    ask('large');
    ask('large');
    await until(async () => (await heldBytes(stub.url)) > 2 * ANSWER_BYTES);
    const refused = await statusOf('small');
    assert.equal(refused.status, 429);
    assert.match(refused.headers.get('retry-after') ?? '', /^([1-9]|[12]\d|30)$/);
    await until(async () => (await statusOf('small')).status === 200);
    await until(async () => (await heldBytes(stub.url)) === 0);
  });

  it('is not given up while it is read, however slowly', async () => {
    await start({ patience: { sendMs: 2_000 } });
    const socket = ask('large');
    let received = 0;
    for (const begin = performance.now(); performance.now() - begin < 4_500; await sleep(50)) {
      received += socket.read()?.length ?? 0;
    }
    assert.equal(socket.closed, false);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await until(() => received > ANSWER_BYTES);
  });

  it('behind another on its connection is given up with it: of three pipelined requests, none is computed in vain', async () => {
    let aborted = 0;
    await start({
      embed: (_, { signal }) =>
        new Promise<never>((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            aborted += 1;
            reject(new Error('aborted'));
          });
        }),
    });
    const socket = ask('a', 'b', 'c');
    await until(() => stub.embedCalls() === 3);
    assert.ok((await heldBytes(stub.url)) > 0);
    socket.destroy();
    await until(() => aborted === 3);
    assert.equal(await heldBytes(stub.url), 0);
    await until(() => stub.log().split('"aborted":true').length === 4);
  });
});
