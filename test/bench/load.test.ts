import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpClient } from '../../bench/http-client.ts';
import { closedLoop, openLoop } from '../../bench/load.ts';
import { startAnswering } from '../support/answering-server.ts';

const bodies = Array.from({ length: 20 }, (_, i) => `body ${i}`);

/** Runs `use` with a client of a server that answers as `answer` says. */
async function withServer(
  answer: Parameters<typeof startAnswering>[0],
  use: (client: HttpClient) => Promise<void>,
): Promise<void> {
  const server = await startAnswering(answer);
  const client = new HttpClient(server.url, null);
  try {
    await use(client);
  } finally {
    await client.close();
    server.close();
  }
}

describe('closedLoop', () => {
  it('posts every body once, never more at a time than there are clients', async () => {
    const seen: string[] = [];
    let inside = 0;
    let most = 0;
    const answer = async (_: string, body: string) => {
      seen.push(body);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
      return { body: {} };
    };
    await withServer(answer, async (client) => {
      const { latencies, failures } = await closedLoop(client, '/', bodies, 3);
      assert.equal(latencies.length, bodies.length);
      assert.deepEqual(failures, {});
    });
    assert.deepEqual(seen.sort(), [...bodies].sort());
    assert.equal(most, 3);
  });

  it('counts refusals by status, and takes no speed from them', async () => {
    const answer = (_: string, body: string) => ({ status: body.endsWith('7') ? 429 : 200, body: {} });
    await withServer(answer, async (client) => {
      const { latencies, failures } = await closedLoop(client, '/', bodies, 4);
      assert.deepEqual(failures, { 429: 2 });
      assert.equal(latencies.length, 18);
    });
  });

  it('counts refusals apart, and those that do not say when to come back', async () => {
    const answer = (_: string, body: string) =>
      body.endsWith('7')
        ? { status: 429, body: {}, ...(body === 'body 7' ? {} : { headers: { 'retry-after': '1' } }) }
        : { body: {} };
    await withServer(answer, async (client) => {
      const { refusals, refusedWithoutRetryAfter, seconds, sendingSeconds } = await closedLoop(client, '/', bodies, 4);
      assert.deepEqual([refusals.length, refusedWithoutRetryAfter], [2, 1]);
      assert.ok(sendingSeconds <= seconds);
    });
  });

  it('counts a server that cannot be reached', async () => {
    const server = await startAnswering(() => ({ body: {} }));
    server.close();
    const client = new HttpClient(server.url, null);
    const { latencies, failures } = await closedLoop(client, '/', bodies.slice(0, 3), 1);
    await client.close();
    assert.deepEqual([latencies.length, failures], [0, { ECONNREFUSED: 3 }]);
  });
});

describe('openLoop', () => {
  it('sends whether or not earlier requests are answered', async () => {
    // Nothing is answered before the last has come: a loop that waited would never end.
    const waiting: (() => void)[] = [];
    const answer = async () => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length === bodies.length) for (const release of waiting) release();
      });
      return { body: {} };
    };
    await withServer(answer, async (client) => {
      const { latencies } = await openLoop(client, '/', bodies, 2_000, 1);
      assert.equal(latencies.length, bodies.length);
    });
  });

  it('sends as many as asked for, the bodies from the start again', async () => {
    const seen: string[] = [];
    const answer = (_: string, body: string) => {
      seen.push(body);
      return { body: {} };
    };
    await withServer(answer, (client) => openLoop(client, '/', bodies.slice(0, 3), 2_000, 1, 7).then(() => {}));
    assert.deepEqual(seen.map((body) => body.slice(5)).sort(), ['0', '0', '0', '1', '1', '2', '2']);
  });

  it('counts a latency from the moment the request was meant for, though the sender was late', async () => {
    // Server and sender share this thread: the first request stops both, and the moments of the others pass meanwhile.
    let isFirst = true;
    const stop = 600;
    const answer = () => {
      for (const end = performance.now() + stop; isFirst && performance.now() < end; );
      isFirst = false;
      return { body: {} };
    };
    await withServer(answer, async (client) => {
      const { latencies } = await openLoop(client, '/', bodies, 200, 1);
      const late = latencies.filter((latency) => latency > stop / 4).length;
      assert.equal(late, bodies.length, `${late} of ${bodies.length}`);
    });
  });
});
