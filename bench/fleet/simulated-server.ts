import type { EventQueue } from './event-queue.ts';
import type { ServerLife } from './server-life.ts';

interface Job {
  number: number;
  work: number;
  done: () => void;
  broken: () => void;
}

/** A server that computes one request after the other, as long as it lives. Answers and errors take `latencyMs` in each direction. */
export class SimulatedServer {
  private readonly events: EventQueue;
  private readonly life: ServerLife;
  private readonly latencyMs: number;
  private jobs: Job[] = [];
  /** Counts its ends: what was to happen before one does not happen after it. */
  private epoch = 0;

  constructor(events: EventQueue, life: ServerLife, latencyMs: number) {
    this.events = events;
    this.life = life;
    this.latencyMs = latencyMs;
    this.awaitBreak();
  }

  send(job: Job): void {
    this.events.at(this.events.now + this.latencyMs, () => this.receive(job));
  }

  /** The client no longer waits. What is being computed is computed to its end all the same. */
  cancel(number: number): void {
    this.jobs = this.jobs.filter((job, i) => i === 0 || job.number !== number);
  }

  private receive(job: Job): void {
    const { is } = this.life.spellAt(this.events.now);
    if (is === 'silent') return;
    if (is === 'down') {
      this.reply(job.broken);
      return;
    }
    this.jobs.push(job);
    if (this.jobs.length === 1) this.compute();
  }

  private compute(): void {
    const [job] = this.jobs;
    if (job === undefined) return;
    const { epoch } = this;
    this.events.at(this.life.end(this.events.now, job.work), () => {
      if (this.epoch !== epoch) return;
      this.jobs.shift();
      this.reply(job.done);
      this.compute();
    });
  }

  private awaitBreak(): void {
    const spell = this.life.nextBreak(this.events.now);
    this.events.at(spell.from, () => {
      this.epoch += 1;
      if (spell.is === 'down') for (const job of this.jobs) this.reply(job.broken);
      this.jobs = [];
      this.awaitBreak();
    });
  }

  private reply(happen: () => void): void {
    this.events.at(this.events.now + this.latencyMs, happen);
  }
}
