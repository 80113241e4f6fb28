import type { ChildProcess } from 'node:child_process';
import { type FromEngine, PROTOCOL_VERSION, type ToEngine, type Unaddressed } from '../protocol.ts';
import type { LossReason } from './engine-events.ts';
import { readLines } from './fork-engine.ts';
import { claimedEpoch, readMessage } from './read-message.ts';
import type { SupervisorOptions } from './supervisor.ts';
import { noteOpenChannel } from './unreadable-bytes.ts';

const SHUTDOWN_GRACE_MS = 1_000;

export interface EngineChannelOptions extends Pick<SupervisorOptions, 'clock'> {
  /** Just started, or told to load and not heard yet. */
  child: ChildProcess;
  epoch: number;
  onMessage: (message: FromEngine) => void;
  /** A message that is not of this process, or came after its end. `epoch`: the one it claims to be of. */
  onStray: (epoch: number | null) => void;
  /** Called once, when the process is gone or cannot be trusted any more; never after `end`. */
  onLost: (reason: LossReason, detail: string) => void;
  /** A line that the process printed. */
  onOutput: (line: string) => void;
}

/** One engine process, from its fork to its end, and the messages to and from it. */
export class EngineChannel {
  private readonly options: EngineChannelOptions;
  private readonly child: ChildProcess;
  /** `lost` was told to the owner; `ending` is what the owner asked for. */
  private state: 'open' | 'lost' | 'ending' = 'open';
  /** Set when we kill the process ourselves: the exit event that follows carries only the signal. */
  private killedFor: { reason: LossReason; detail: string } | undefined;

  constructor(options: EngineChannelOptions) {
    this.options = options;
    this.child = options.child;
    readLines(this.child, options.onOutput);
    this.child.once('close', noteOpenChannel(this));
    this.child.on('message', (message) => this.receive(message));
    this.child.on('error', (error) => this.lose('exit', error.message));
    this.child.on('exit', (code, signal) => {
      if (signal === null) this.lose('exit', `The engine process ended with exit code ${code}.`);
      else this.lose('signal', `The engine process was ended by ${signal}.`);
    });
  }

  get processId(): number | undefined {
    return this.child.pid;
  }

  send(message: Unaddressed<ToEngine>): void {
    // A closed channel is reported by the exit event; an error here would only say it twice.
    if (this.child.connected) {
      this.child.send({ ...message, version: PROTOCOL_VERSION, epoch: this.options.epoch }, undefined, () => {});
    }
  }

  /** Kills the process; `onLost` follows when it is gone. */
  kill(reason: LossReason, detail: string): void {
    this.killedFor ??= { reason, detail };
    this.child.kill('SIGKILL');
  }

  /** Asks the process to end, and kills it when it does not. Resolves when it is gone. */
  async end(): Promise<void> {
    this.state = 'ending';
    const { child } = this;
    // Without an id it never came to be.
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.send({ kind: 'shutdown' });
    const cancelKill = this.options.clock.after(SHUTDOWN_GRACE_MS, () => child.kill('SIGKILL'));
    await exited;
    cancelKill();
  }

  /** Takes a message of the process. */
  receive(raw: unknown): void {
    if (this.state === 'ending') return;
    const message = readMessage(raw, this.options.epoch);
    // What was killed for one wrong message is not believed another.
    if (this.state === 'lost' || this.killedFor !== undefined || message === 'stray') {
      this.options.onStray(claimedEpoch(raw));
    } else if (message === 'malformed') {
      this.kill('bad_reply', 'The engine process sent an invalid message.');
    } else if (message.kind === 'load_failed') {
      this.lose('load_failed', message.message);
      this.child.kill('SIGKILL');
    } else {
      this.options.onMessage(message);
    }
  }

  private lose(reason: LossReason, detail: string): void {
    if (this.state !== 'open') return;
    this.state = 'lost';
    this.options.onLost(this.killedFor?.reason ?? reason, this.killedFor?.detail ?? detail);
  }
}
