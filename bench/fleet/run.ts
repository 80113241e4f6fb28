import { FLEET_DEFAULTS, FleetPolicy } from '../../src/bulk/fleet/fleet-policy.ts';
import { formatTable } from '../format-table.ts';
import { sum } from '../statistics.ts';
import { ordinaryRun } from './ordinary-run.ts';
import { type Dispatcher, RoundRobin } from './round-robin.ts';
import { type FleetRun, simulateFleet } from './simulate-fleet.ts';

/** `npm run build && node dist/bench/fleet/run.js`: ways to keep a fleet busy, on a simulated clock. The same figures each time. */
const { servers: SERVERS, requestMs } = ordinaryRun;
const pulled = (change: Partial<typeof FLEET_DEFAULTS>) => (servers: number) =>
  new FleetPolicy({ ...FLEET_DEFAULTS, ...change, servers });
const ways: [string, (servers: number) => Dispatcher][] = [
  ['round-robin', (servers) => new RoundRobin({ servers, held: FLEET_DEFAULTS.held })],
  ['pulled, nothing sent twice', pulled({ holders: 1 })],
  ['pulled, one held at a time', pulled({ held: 1 })],
  ['FleetPolicy', pulled({})],
];
const inRequestsOf = (share: number): Partial<FleetRun> => ({
  requests: ordinaryRun.requests / share,
  requestMs: requestMs * share,
});
const fewer = (servers: number, readAhead: number): Partial<FleetRun> => ({
  servers,
  requests: (ordinaryRun.requests * servers) / SERVERS,
  readAhead,
});
const runs: [string, Partial<FleetRun>][] = [
  ['100 requests a server', {}],
  ['the same work in 25 requests a server', inRequestsOf(4)],
  ['the same work in 400 requests a server', inRequestsOf(1 / 4)],
  ['100, read ahead by 8 a server', { readAhead: 8 * SERVERS }],
  ['100, other seed', { seed: 2 }],
];
/**
 * As far as `hotvec embed` reads ahead: three windows of four requests a server each, of 8,192 tokens, or of the 65,536 rows that
 * have 256 MiB of 1,024 float32, 33 in a request (src/bulk/compute-rows.ts).
 */
const readAheadOf = (servers: number) => 3 * Math.min(4 * servers, 1_986);

const rows: string[][] = [];
for (const [what, change] of runs) {
  for (const [how, make] of ways) {
    const run = { ...ordinaryRun, ...change };
    const { ms, efficiency, sent } = simulateFleet(run, make(run.servers));
    rows.push([what, how, efficiency.toFixed(3), `${Math.round(ms / 1000)} s`, sent.toFixed(3)]);
  }
}
console.log(formatTable([['run', 'way', 'efficiency', 'time', 'sent for each request'], ...rows]));

/** A thousand servers by several processes, each with servers and a part of the work of its own: the last one counts. */
const divided = [32, 100, SERVERS].map((servers) => {
  const results = Array.from({ length: Math.round(SERVERS / servers) }, (_, process) =>
    simulateFleet(
      { ...ordinaryRun, ...fewer(servers, readAheadOf(servers)), seed: 100 + process },
      pulled({})(servers),
    ),
  );
  const average = (values: number[]) => sum(values) / results.length;
  const each = average(results.map(({ efficiency }) => efficiency));
  const together = average(results.map(({ idealMs }) => idealMs)) / Math.max(...results.map(({ ms }) => ms));
  return [`${results.length} of ${servers} servers`, each.toFixed(3), together.toFixed(3)];
});
console.log(`\n${formatTable([['processes', 'efficiency of each, on average', 'of all together'], ...divided])}`);
