import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DeviceTurns, type Seat } from '../../bench/device-turns.ts';

/** Takes turns, and notes in which order they begin. */
class Turns {
  readonly begun: string[] = [];
  private readonly ends = new Map<string, () => void>();

  take(seat: Seat, name: string): void {
    void seat.take().then((end) => {
      this.begun.push(name);
      this.ends.set(name, end);
    });
  }

  async end(name: string): Promise<void> {
    await nextTurn();
    this.ends.get(name)?.();
    await nextTurn();
  }
}

describe('DeviceTurns', () => {
  it('lets one engine of a device compute at a time, and each after one batch of every other', async () => {
    const device = new DeviceTurns();
    const [a, b, c] = [device.join(), device.join(), device.join()];
    const turns = new Turns();
    turns.take(a, 'a1');
    await nextTurn();
    for (const name of ['a2', 'a3']) turns.take(a, name);
    turns.take(b, 'b1');
    turns.take(b, 'b2');
    turns.take(c, 'c1');
    // It was sent ahead before anybody else came; the batch after it was not.
    await nextTurn();
    assert.deepEqual(turns.begun, ['a1', 'a2', 'a3']);
    for (const name of ['a1', 'a2', 'a3']) await turns.end(name);
    turns.take(a, 'a4');
    for (const name of ['b1', 'c1', 'b2']) await turns.end(name);
    assert.deepEqual(turns.begun.slice(3), ['b1', 'c1', 'b2', 'a4']);
  });

  it('sends nothing ahead while another engine waits', async () => {
    const device = new DeviceTurns();
    const [a, b] = [device.join(), device.join()];
    const turns = new Turns();
    turns.take(a, 'a1');
    turns.take(b, 'b1');
    turns.take(a, 'a2');
    await nextTurn();
    assert.deepEqual(turns.begun, ['a1']);
    await turns.end('a1');
    assert.deepEqual(turns.begun, ['a1', 'b1']);
    await turns.end('b1');
    assert.deepEqual(turns.begun, ['a1', 'b1', 'a2']);
  });
});
