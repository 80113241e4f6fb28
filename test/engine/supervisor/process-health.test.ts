import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ProcessHealth } from '../../../src/engine/supervisor/process-health.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let health: ProcessHealth;
let asked: number;
let silences: string[];

beforeEach(() => {
  clock = new FakeClock();
  asked = 0;
  silences = [];
  health = new ProcessHealth({
    clock,
    send: ({ kind }) => {
      if (kind === 'ping') asked += 1;
    },
    kill: (reason, detail) => silences.push(`${reason}: ${detail}`),
  });
});

const SILENT = 'hung: The idle engine process did not answer for 10 s.';

describe('ProcessHealth', () => {
  it('asks an idle process every five seconds, as long as it answers', () => {
    health.idle();
    for (let i = 1; i <= 100; i++) {
      clock.advance(5_000);
      assert.equal(asked, i);
      health.heard();
    }
    assert.deepEqual(silences, []);
  });

  it('tells of a silence once, after two questions were left unanswered', () => {
    health.idle();
    clock.advance(14_999);
    assert.deepEqual([asked, silences], [2, []]);
    clock.advance(1);
    assert.deepEqual(silences, [SILENT]);
    clock.advance(60_000);
    assert.deepEqual([asked, silences], [2, [SILENT]]);
    assert.equal(clock.pending, 0);
  });

  it('forgives one answer that comes too late', () => {
    health.idle();
    clock.advance(10_000);
    health.heard();
    clock.advance(10_000);
    assert.deepEqual(silences, []);
  });

  it('asks nothing of a process that computes, and begins anew when it is idle', () => {
    health.idle();
    clock.advance(12_000);
    health.busy();
    clock.advance(60_000);
    assert.deepEqual([asked, silences, clock.pending], [2, [], 0]);
    health.idle();
    clock.advance(14_999);
    assert.deepEqual([asked, silences], [4, []]);
  });
});
