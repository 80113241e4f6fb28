import { FLEET_DEFAULTS, FleetPolicy } from '../../src/bulk/fleet/fleet-policy.ts';
import { formatTable } from '../format-table.ts';
import { ordinaryRun } from './ordinary-run.ts';
import { type Dispatcher, RoundRobin } from './round-robin.ts';
import { type FleetRun, simulateFleet } from './simulate-fleet.ts';

/** `npm run build && node dist/bench/fleet/run.js`: ways to keep a fleet busy, on a simulated clock. The same figures each time. */
const { servers, requestMs } = ordinaryRun;
const pulled = (change: Partial<typeof FLEET_DEFAULTS>) => () =>
  new FleetPolicy({ ...FLEET_DEFAULTS, ...change, servers });
const ways: [string, () => Dispatcher][] = [
  ['round-robin', () => new RoundRobin({ servers, held: FLEET_DEFAULTS.held })],
  ['pulled, nothing sent twice', pulled({ holders: 1 })],
  ['pulled, one held at a time', pulled({ held: 1 })],
  ['FleetPolicy', pulled({})],
];
const inRequestsOf = (share: number): Partial<FleetRun> => ({
  requests: ordinaryRun.requests / share,
  requestMs: requestMs * share,
});
const runs: [string, Partial<FleetRun>][] = [
  ['100 requests a server', {}],
  ['the same work in 25 requests a server', inRequestsOf(4)],
  ['the same work in 400 requests a server', inRequestsOf(1 / 4)],
  ['100, read ahead by 8 a server', { readAhead: 8 * servers }],
  ['100, other seed', { seed: 2 }],
];

const rows: string[][] = [];
for (const [what, change] of runs) {
  for (const [how, make] of ways) {
    const { ms, efficiency, sent } = simulateFleet({ ...ordinaryRun, ...change }, make());
    rows.push([what, how, efficiency.toFixed(3), `${Math.round(ms / 1000)} s`, sent.toFixed(3)]);
  }
}
console.log(formatTable([['run', 'way', 'efficiency', 'time', 'sent for each request'], ...rows]));
