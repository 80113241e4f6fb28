import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchEngine } from '../../src/served-models/engine-health.ts';
import { engineFacts } from '../support/engine-facts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';

describe('watchEngine()', () => {
  it('tells the state of the engine and since when, whatever else changes', () => {
    const clock = new FakeClock();
    const engine = new ScriptedEngine(8, 'starting');
    const health = watchEngine(engine, clock);
    clock.advance(2_000);
    assert.deepEqual(health(), { state: 'starting', secondsInState: 2, processesReady: 0, canaryCosine: null });

    engine.info = engineFacts({ canaryCosine: 0.5 });
    engine.processes = 2;
    engine.become('ready');
    clock.advance(1_000);
    // A process of several came or went: no other state.
    engine.processes = 1;
    engine.become('ready');
    clock.advance(500);
    assert.deepEqual(health(), { state: 'ready', secondsInState: 1.5, processesReady: 1, canaryCosine: 0.5 });

    engine.become('restarting');
    clock.advance(250);
    const { state, secondsInState, processesReady } = health();
    assert.deepEqual([state, secondsInState, processesReady], ['restarting', 0.25, 0]);
  });
});
