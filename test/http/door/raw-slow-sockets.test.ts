import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { extent } from '../../soak/extent.ts';
import { reportFigure } from '../../soak/report-figure.ts';
import { until } from '../../support/supervised-engine.ts';
import { answersAre, parseAnswers } from '../raw-socket.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const SLOW = extent(200, 500);
const REQUESTS = extent(100, 300);

describe(`${SLOW} slow sockets`, () => {
  let stub: StubService;
  before(async () => {
    stub = await startStubService();
  });
  after(() => stub.close());

  it(`that send a byte now and then keep none of ${REQUESTS} normal requests from being served, and get 408 in the end`, async () => {
    const head = 'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const slow = Array.from({ length: SLOW }, (_, i) => {
      const state = { socket: net.connect(Number(new URL(stub.url).port), '127.0.0.1'), text: '', isClosed: false };
      state.socket
        .on('error', () => {})
        .setEncoding('latin1')
        .on('data', (chunk: string) => {
          state.text += chunk;
        });
      state.socket.on('close', () => {
        state.isClosed = true;
      });
      // Half of them never end their headers, half their body.
      state.socket.write(i % 2 === 0 ? head : `${head}content-length: 1000\r\n\r\n{`);
      return state;
    });
    await until(() => stub.connections() >= SLOW);
    const drip = setInterval(() => {
      for (const { socket, isClosed } of slow) if (!isClosed && socket.writable) socket.write('x');
    }, 50);

    const statuses = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, i) => {
        const response = await fetch(`${stub.url}/v1/embeddings`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ input: `text ${i}` }),
        });
        await response.arrayBuffer();
        return response.status;
      }),
    );
    reportFigure(
      'failed_beside_slow_sockets',
      statuses.filter((status) => status !== 200).length,
      `${REQUESTS} requests`,
    );

    // As after 10 s and 60 s.
    stub.app.server.headersTimeout = 1;
    stub.app.server.requestTimeout = 2;
    await until(() => slow.every(({ text, isClosed }) => isClosed || answersAre(1)(text)));
    clearInterval(drip);
    for (const { text, socket } of slow) {
      assert.equal(parseAnswers(text)[0]?.status, 408);
      socket.destroy();
    }
  });
});
