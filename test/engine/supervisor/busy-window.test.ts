import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BusyWindow } from '../../../src/engine/supervisor/busy-window.ts';

describe('BusyWindow', () => {
  it('is the share of the last ten seconds that batches took', () => {
    const window = new BusyWindow(0);
    assert.equal(window.ratio(0, 0), 0);
    for (let end = 1_000; end <= 60_000; end += 1_000) window.observe(end, 250);
    assert.equal(window.ratio(60_000, 0), 0.25);
    assert.equal(window.ratio(65_000, 0), 0.125);
    assert.equal(window.ratio(71_000, 0), 0);
  });

  it('counts since the start before ten seconds are over, the batch being computed too, and only what lies inside', () => {
    const window = new BusyWindow(5_000);
    window.observe(7_000, 1_000);
    assert.equal(window.ratio(9_000, 0), 0.25);
    assert.equal(window.ratio(9_000, 1_000), 0.5);
    const long = new BusyWindow(0);
    long.observe(30_000, 30_000);
    assert.equal(long.ratio(35_000, 0), 0.5);
    assert.equal(long.ratio(35_000, 5_000), 1);
    assert.equal(new BusyWindow(0).ratio(90_000, 60_000), 1);
  });
});
