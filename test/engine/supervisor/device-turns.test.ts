import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DeviceTurns, type Seat } from '../../../src/engine/supervisor/device-turns.ts';

const cpu = { device: 'cpu', deviceId: 0 } as const;

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
    const [a, b, c] = [device.join(cpu), device.join(cpu), device.join(cpu)];
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
    const [a, b] = [device.join(cpu), device.join(cpu)];
    const turns = new Turns();
    turns.take(a, 'a1');
    turns.take(b, 'b1');
    turns.take(a, 'a2');
    await nextTurn();
    assert.deepEqual(turns.begun, ['a1']);
    assert.deepEqual([a.isWaiting, b.isWaiting], [true, true]);
    await turns.end('a1');
    assert.deepEqual(turns.begun, ['a1', 'b1']);
    await turns.end('b1');
    assert.deepEqual(turns.begun, ['a1', 'b1', 'a2']);
    assert.deepEqual([a.isWaiting, b.isWaiting], [false, false]);
  });

  it('lets engines of different devices alone', async () => {
    const devices = new DeviceTurns();
    const turns = new Turns();
    turns.take(devices.join({ device: 'cuda', deviceId: 0 }), 'first');
    turns.take(devices.join({ device: 'cuda', deviceId: 1 }), 'second');
    turns.take(devices.join(cpu), 'cpu');
    await nextTurn();
    assert.deepEqual(turns.begun, ['first', 'second', 'cpu']);
  });
});
