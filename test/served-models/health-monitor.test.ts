import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HealthMonitor } from '../../src/served-models/health-monitor.ts';
import { engineFacts } from '../support/engine-facts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';

describe('HealthMonitor', () => {
  it('tells the state of the engine and since when, whatever else changes', () => {
    const clock = new FakeClock();
    const engine = new ScriptedEngine(8, 'starting');
    let draining = false;
    const monitor = new HealthMonitor({ engine, clock, isDraining: () => draining });
    clock.advance(2_000);
    assert.deepEqual(monitor.report(), {
      engine: { state: 'starting', secondsInState: 2, processesReady: 0, canaryCosine: null },
      draining: false,
      uptimeSeconds: 2,
    });

    engine.info = engineFacts({ canaryCosine: 0.5 });
    engine.processes = 2;
    engine.become('ready');
    clock.advance(1_000);
    // A process of several came or went: no other state.
    engine.processes = 1;
    engine.become('ready');
    clock.advance(500);
    assert.deepEqual(monitor.report().engine, {
      state: 'ready',
      secondsInState: 1.5,
      processesReady: 1,
      canaryCosine: 0.5,
    });

    engine.become('restarting');
    draining = true;
    clock.advance(250);
    const { engine: lost, draining: isDraining, uptimeSeconds } = monitor.report();
    assert.deepEqual([lost.state, lost.secondsInState, lost.processesReady], ['restarting', 0.25, 0]);
    assert.deepEqual([isDraining, uptimeSeconds], [true, 3.75]);
  });
});
