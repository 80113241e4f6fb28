import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import process from 'node:process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../../bench/resident-memory.ts';
import { percentile } from '../../bench/statistics.ts';
import { freePort } from '../support/free-port.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';

const CONNECTIONS = 20;
const REQUESTS = 2_200;
/** While the pipelined requests of one route are there, in milliseconds. */
const WATCHED_MS = extent(500, 4_000);
const PROBE_EVERY_MS = 5;

const ROUTES = [
  '/openapi.yaml',
  '/openapi.json',
  '/metrics',
  '/docs',
  '/docs/json',
  '/docs/yaml',
  '/docs/static/swagger-ui-bundle.js',
  '/docs/static/swagger-ui.css',
  '/docs/static/nothing.js',
  '/v1/models',
  '/v1/models/starter',
  '/v1/models/nothing',
  '/livez',
  '/readyz',
  '/info',
  '/api/tags',
  '/api/version',
  '/nothing',
  '/v1/embeddings',
  '/v1/models/%',
];

describe('Pipelined requests whose answers are never read', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, () => {
  it(`leave others served, and memory as it is: ${CONNECTIONS} × ${REQUESTS}, every GET route`, async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    // Without a line for each of a million requests.
    const cli = spawnCli(['serve', '--port', String(port), '--log-level', 'warn']);
    for (let isReady = false; !isReady; await sleep(100)) {
      isReady = await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    }
    const agent = new http.Agent({ keepAlive: true });
    let failed = 0;
    const probe = async () => {
      const startedAt = performance.now();
      const request = http.get(`${url}/livez`, { agent });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      await once(response.resume(), 'end');
      if (response.statusCode !== 200) failed += 1;
      return performance.now() - startedAt;
    };
    const resident = () => residentBytes(cli.child.pid as number)?.all ?? Number.NaN;
    try {
      // What a heap grows to in the first requests is not theirs.
      const alone: number[] = [];
      for (let i = 0; i < 1_000; i++) alone.push(await probe());
      // What never changes is made once, at the first request.
      for (const route of ROUTES) await (await fetch(url + route)).arrayBuffer();
      const slowest = { route: '', p99: 0 };
      const largest = { route: '', bytes: 0 };
      for (const route of ROUTES) {
        // What is left of the routes before is garbage, collected when a few hundred MiB of it are there.
        const before = resident();
        const requests = Buffer.from(`GET ${route} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(REQUESTS));
        const sockets = Array.from({ length: CONNECTIONS }, () => net.connect(port, '127.0.0.1'));
        for (const socket of sockets) socket.on('error', () => {}).write(requests);
        const times: number[] = [];
        for (const end = performance.now() + WATCHED_MS; performance.now() < end; await sleep(PROBE_EVERY_MS)) {
          times.push(await probe());
          const bytes = resident() - before;
          if (bytes > largest.bytes) Object.assign(largest, { route, bytes });
        }
        const p99 = percentile(times, 0.99);
        if (p99 > slowest.p99) Object.assign(slowest, { route, p99 });
        for (const socket of sockets) socket.destroy();
      }
      const without = percentile(alone.slice(-500), 0.99).toFixed(1);
      const how = `${ROUTES.length} routes, ${CONNECTIONS} × ${REQUESTS}, ${WATCHED_MS} ms each`;
      reportFigure('livez_p99_beside_pipelining', slowest.p99, `at ${slowest.route}; ${without} ms without; ${how}`);
      reportFigure('rss_beside_pipelining', largest.bytes / 2 ** 20, `at ${largest.route}; ${how}`);
      reportFigure('failed_beside_pipelining', failed, how);
    } finally {
      agent.destroy();
      cli.child.kill();
      assert.equal(await cli.exit, 0);
    }
  });
});
