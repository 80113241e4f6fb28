import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LARGE_BODY_BYTES } from '../../../src/http/body/large-bodies.ts';
import { heldBytes } from '../../support/read-metrics.ts';
import { until } from '../../support/supervised-engine.ts';
import { answersAre, collect, parseAnswers, sendRaw } from '../raw-socket.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const MAX_BODY_BYTES = 2 * LARGE_BODY_BYTES;
const head = `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${MAX_BODY_BYTES}\r\n\r\n`;
const largest = `{"input":"a"}${' '.repeat(MAX_BODY_BYTES - 13)}`;

describe('Uploads that stall', () => {
  let stub: StubService;
  let sockets: net.Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await stub.close();
  });

  const statusOf = async (body: string) =>
    (
      await fetch(`${stub.url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
    ).status;
  /** Announces the largest body and sends so much of it. Collects what is answered. */
  function begin(bytes: number): { answer: () => string; send: (bytes: number) => void } {
    const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
    const answer = collect(socket);
    socket.write(head + ' '.repeat(bytes));
    sockets.push(socket);
    return { answer, send: (more) => void socket.write(' '.repeat(more)) };
  }

  it('take no room by what they announce: nine of them do not keep a large body out (they held it for 65 s)', async () => {
    stub = await startStubService({ config: { maxBodyBytes: MAX_BODY_BYTES, maxInflightBytes: MAX_BODY_BYTES } });
    const before = stub.connections();
    for (let i = 0; i < 9; i++) begin(0);
    await until(() => stub.connections() >= before + 9);
    await sleep(50);
    assert.equal(await heldBytes(stub.url), 0);
    assert.equal(await statusOf(largest), 200);
    assert.equal(await heldBytes(stub.url), 0, 'and the room is given back');
  });

  it('occupy what has arrived of them, are given up with 408 when nothing more comes, and get 429 when they do not fit', async () => {
    const patience = { receiveMs: 400 };
    stub = await startStubService({
      patience,
      config: { maxBodyBytes: MAX_BODY_BYTES, maxInflightBytes: 3 * MAX_BODY_BYTES },
    });
    // Three of 400 KiB fit into 1,536 KiB, and a fourth of the largest size does not.
    const begun = [1, 2, 3].map(() => begin(400 * 1024));
    await until(async () => (await heldBytes(stub.url)) === 3 * 400 * 1024);
    const [refused] = parseAnswers(await sendRaw(stub.url, head, answersAre(1)));
    assert.equal(refused?.status, 429);
    assert.equal(refused?.headers.connection, 'close');
    assert.match(refused?.headers['retry-after'] ?? '', /^([1-9]|[12]\d|30)$/);
    assert.equal(JSON.parse(refused?.body ?? '').error.code, 'overloaded');
    assert.equal(await statusOf('{"input":"small"}'), 200);

    await until(() => begun.every(({ answer }) => answersAre(1)(answer())));
    for (const { answer } of begun) {
      const [given] = parseAnswers(answer());
      assert.deepEqual([given?.status, JSON.parse(given?.body ?? '').error.code], [408, 'body_too_slow']);
    }
    assert.equal(await heldBytes(stub.url), 0);
    assert.equal(await statusOf(largest), 200);
  });

  it('that would go beyond the room while they come are refused in the middle, and the others are served', async () => {
    stub = await startStubService({ config: { maxBodyBytes: MAX_BODY_BYTES, maxInflightBytes: 2 * MAX_BODY_BYTES } });
    const six = [1, 2, 3, 4, 5, 6].map(() => begin(0));
    await until(() => stub.connections() >= six.length);
    await sleep(50);
    for (const { send } of six) send(180 * 1024);
    // Five of 180 KiB fit into 1,024 KiB; the sixth does not, whichever it is.
    await until(() => six.some(({ answer }) => answersAre(1)(answer())));
    await until(async () => (await heldBytes(stub.url)) === 5 * 180 * 1024);
    const answered = six.filter(({ answer }) => answer() !== '');
    assert.equal(answered.length, 1);
    assert.equal(parseAnswers(answered[0]?.answer() ?? '')[0]?.status, 429);
    assert.match(stub.log(), /"status":429,.*"code":"overloaded"/);
  });
});
