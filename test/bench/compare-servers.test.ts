import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { compareServers } from '../../bench/compare-servers.ts';
import { LoadGenerator } from '../../bench/load-generator.ts';
import { startAnswering } from '../support/answering-server.ts';

describe('compareServers', () => {
  let load: LoadGenerator;
  const log: { server: string; body: string }[] = [];
  const servers: { url: string; close: () => void }[] = [];
  before(async () => {
    load = new LoadGenerator();
    for (const name of ['a', 'b']) {
      servers.push(
        await startAnswering((_, body) => {
          log.push({ server: name, body });
          return { status: name === 'b' && body.startsWith('3/') ? 429 : 200, body: {} };
        }),
      );
    }
  });
  after(() => {
    load.stop();
    for (const server of servers) server.close();
  });

  it('sends both the same bodies, in turns A B B A, and counts what fails', async () => {
    const bodies = (turn: number, count: number) => Array.from({ length: count }, (_, i) => `${turn}/${i}`);
    const side = (i: number) => ({ target: { url: servers[i]?.url as string, path: '/' }, bodies });
    const options = { clients: 2, rounds: 2, seconds: 0.01, cellSeconds: 60 };
    const { a, b, rounds, requestsPerTurn } = await compareServers(load, [side(0), side(1)], options);
    assert.equal(rounds, 2);
    assert.deepEqual([a.failures, b.failures], [{}, { 429: requestsPerTurn }]);

    const measured = log.filter(({ body }) => Number.parseInt(body, 10) >= 2);
    const order = measured.filter(({ server }, i) => i % requestsPerTurn === 0 || server !== measured[i - 1]?.server);
    const turns = order.map(({ server, body }) => server + Number.parseInt(body, 10));
    assert.deepEqual(turns, ['a2', 'b2', 'b3', 'a3', 'a4', 'b4', 'b5', 'a5']);
    const sent = (name: string) => measured.filter(({ server }) => server === name).map(({ body }) => body);
    assert.deepEqual(sent('a').sort(), sent('b').sort());
  });

  it('says so when the load generator is gone', async () => {
    const gone = new LoadGenerator();
    gone.stop();
    const order = { target: { url: servers[0]?.url as string, path: '/' }, bodies: ['x'], manner: { clients: 1 } };
    await assert.rejects(gone.send(order), /the load generator cannot be told what to send: .*closed/i);
  });
});
