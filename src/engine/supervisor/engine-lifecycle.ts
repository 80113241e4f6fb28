import { StartError } from '../../errors.ts';
import type { EngineState } from '../engine.ts';
import type { Device, EngineInfo } from '../protocol.ts';
import type { EngineEvent, LossReason } from './engine-events.ts';

/**
 * The states of one engine, through all its processes:
 *
 * starting ── ready message ──> ready ── exit, hang, bad reply ──> restarting ── ready message ──> ready
 *     └─ load fails ─> failed     │ ↑       └─ too many crashes, other files ─> failed        (close() from anywhere: closed)
 *         three batches in a row failed ↓ │ canary passed
 *                             checking ── canary failed ──> restarting
 *
 * Every change is told, to the listeners and as an event. What a process does that is not in its state to do changes nothing.
 */
export class EngineLifecycle {
  state: EngineState = 'starting';
  /** Facts of the process in service; undefined until the first one is ready. */
  info: EngineInfo | undefined;
  /** Of the process that is there, or was last. */
  epoch = 0;
  private readonly onEvent: (event: EngineEvent) => void;
  private readonly listeners: ((state: EngineState) => void)[] = [];
  /** Set until the first process is ready or lost. */
  private firstStart:
    | { device: Device; resolve: (info: EngineInfo) => void; reject: (error: StartError) => void }
    | undefined;

  constructor(onEvent: (event: EngineEvent) => void) {
    this.onEvent = onEvent;
  }

  /** Whether no process was ready yet: there is no second try. */
  get isFirstStart(): boolean {
    return this.firstStart !== undefined;
  }

  /** The first process is about to be started. @throws {StartError} when it is lost before it is ready. */
  begin(device: Device): Promise<EngineInfo> {
    return new Promise((resolve, reject) => {
      this.firstStart = { device, resolve, reject };
    });
  }

  onStateChange(listener: (state: EngineState) => void): void {
    this.listeners.push(listener);
  }

  /** Another process is being started. @returns its epoch. */
  spawned(): number {
    this.epoch += 1;
    return this.epoch;
  }

  /** A process is loaded, warm, and its canary has passed. @param prepare done before anybody hears of it. */
  becomeReady(info: EngineInfo, processId: number, prepare: () => void): void {
    if (this.state !== 'starting' && this.state !== 'restarting') return;
    this.info = info;
    this.onEvent({ kind: 'ready', epoch: this.epoch, processId, info });
    prepare();
    this.become('ready');
    this.firstStart?.resolve(info);
    this.firstStart = undefined;
  }

  /** The first process was lost before it was ready. */
  failStart(detail: string): void {
    this.become('failed');
    this.firstStart?.reject(new StartError(explainStartFailure(detail, this.firstStart.device)));
    this.firstStart = undefined;
  }

  /** Batches fail one after the other: is it them, or the process? */
  check(failedBatches: number, ask: () => void): void {
    if (this.state !== 'ready') return;
    this.onEvent({ kind: 'checking', epoch: this.epoch, failedBatches });
    ask();
    this.become('checking');
  }

  /** The canary has passed once more. */
  goOn(prepare: () => void): void {
    if (this.state !== 'checking') return;
    this.onEvent({ kind: 'check_passed', epoch: this.epoch });
    prepare();
    this.become('ready');
  }

  /** The process is lost. @param restartInMilliseconds null: no other is started. */
  leaveService(reason: LossReason, detail: string, restartInMilliseconds: number | null): void {
    this.onEvent({ kind: 'lost', epoch: this.epoch, reason, detail, restartInMilliseconds });
    this.become(restartInMilliseconds === null ? 'failed' : 'restarting');
  }

  close(): void {
    this.become('closed');
  }

  private become(state: EngineState): void {
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
}

/** Why the process did not become ready, with what that most often means. */
function explainStartFailure(detail: string, device: Device): string {
  let hint = '';
  if (detail.includes('SIGKILL')) hint = ' Most often the machine ran out of memory for the model.';
  else if (device !== 'cpu' && detail.includes('The engine process ')) {
    hint = ` Most often the driver of the ${device} device crashed it: update the driver, or set DEVICE=cpu.`;
  }
  return `The engine did not start. ${detail}${hint}`;
}
