import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ordinaryRun } from '../../../bench/fleet/ordinary-run.ts';
import { RoundRobin } from '../../../bench/fleet/round-robin.ts';
import { type FleetRun, simulateFleet } from '../../../bench/fleet/simulate-fleet.ts';
import { FLEET_DEFAULTS, FleetPolicy } from '../../../src/bulk/fleet/fleet-policy.ts';

const calm: FleetRun['weather'] = { ...ordinaryRun.weather, spread: 0, stragglers: 0, untilTroubleMs: 1e12 };

describe('simulateFleet()', () => {
  it('takes as long as the work of equal servers without trouble', () => {
    const equal = { costSpread: 0, surpriseSpread: 0, latencyMs: 0, servers: 10, requests: 100, weather: calm };
    const run = { ...ordinaryRun, ...equal };
    const { ms, idealMs, sent } = simulateFleet(run, new FleetPolicy({ ...FLEET_DEFAULTS, servers: 10 }));
    assert.equal(ms, 10 * run.requestMs);
    assert.ok(Math.abs(idealMs / ms - 1) < 1e-9);
    assert.equal(sent, 1);
  });

  // Both times are of the simulated clock: the same on every machine.
  it('is at least 0.95 efficient with 1,000 servers, stragglers and failures; a round-robin is not half of that', () => {
    const { servers } = ordinaryRun;
    const policy = simulateFleet(ordinaryRun, new FleetPolicy({ ...FLEET_DEFAULTS, servers }));
    assert.ok(policy.efficiency >= 0.95, String(policy.efficiency));
    assert.ok(policy.efficiency <= 1);
    assert.ok(policy.sent < 1.05, String(policy.sent));
    const naive = simulateFleet(ordinaryRun, new RoundRobin({ servers, held: FLEET_DEFAULTS.held }));
    assert.ok(Math.abs(naive.idealMs / policy.idealMs - 1) < 1e-9, 'the same servers and the same work');
    assert.ok(naive.efficiency < 0.5 * policy.efficiency, String(naive.efficiency));
  });
});
