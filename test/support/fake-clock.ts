import type { Clock } from '../../src/clock.ts';

/** Time that passes only by `advance()`. */
export class FakeClock implements Clock {
  private time = 0;
  private timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(milliseconds: number): void {
    const until = this.time + milliseconds;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.time = Math.max(this.time, due.at);
      this.timers = this.timers.filter((timer) => timer !== due);
      due.callback();
    }
    this.time = until;
  }

  /** Lets time pass in which this process stands still: timers that become due fire late, at the next `advance()`. */
  standStill(milliseconds: number): void {
    this.time += milliseconds;
  }

  /** Lets time pass until the next timer fires. */
  advanceToNext(): void {
    const next = Math.min(...this.timers.map(({ at }) => at));
    if (next < Number.POSITIVE_INFINITY) this.advance(next - this.time);
  }

  /** Timers that would still fire: 0 when everything was cleaned up. */
  get pending(): number {
    return this.timers.length;
  }
}
