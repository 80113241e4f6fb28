import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Heartbeat } from '../../../src/engine/supervisor/heartbeat.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let heartbeat: Heartbeat;
let asked: number;
let silences: number[];

beforeEach(() => {
  clock = new FakeClock();
  asked = 0;
  silences = [];
  heartbeat = new Heartbeat({
    clock,
    ask: () => {
      asked += 1;
    },
    onSilence: (milliseconds) => silences.push(milliseconds),
  });
});

describe('Heartbeat', () => {
  it('asks an idle process every five seconds, as long as it answers', () => {
    heartbeat.start();
    for (let i = 1; i <= 100; i++) {
      clock.advance(5_000);
      assert.equal(asked, i);
      heartbeat.heard();
    }
    assert.deepEqual(silences, []);
  });

  it('tells of a silence once, after two questions were left unanswered', () => {
    heartbeat.start();
    clock.advance(14_999);
    assert.deepEqual([asked, silences], [2, []]);
    clock.advance(1);
    assert.deepEqual(silences, [10_000]);
    clock.advance(60_000);
    assert.deepEqual([asked, silences], [2, [10_000]]);
    assert.equal(clock.pending, 0);
  });

  it('forgives one answer that comes too late', () => {
    heartbeat.start();
    clock.advance(10_000);
    heartbeat.heard();
    clock.advance(10_000);
    assert.deepEqual(silences, []);
  });

  it('asks nothing of a process that computes, and begins anew when it is idle', () => {
    heartbeat.start();
    clock.advance(12_000);
    heartbeat.stop();
    clock.advance(60_000);
    assert.deepEqual([asked, silences, clock.pending], [2, [], 0]);
    heartbeat.start();
    clock.advance(14_999);
    assert.deepEqual([asked, silences], [4, []]);
  });
});
