import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import type { Clock } from '../clock.ts';
import { StartError } from '../errors.ts';
import type { ModelManifest } from '../model/manifest.ts';
import { type BatchCost, batchCostOf, equivalentTokens } from './batch-cost.ts';
import { BusyWindow } from './busy-window.ts';
import { BatchFailedError, type Engine, EngineLostError, type EngineState } from './engine.ts';
import { forkEngine } from './fork-engine.ts';
import {
  type Batch,
  type BatchResult,
  type EngineInfo,
  type EngineSettings,
  type FromEngine,
  PROTOCOL_VERSION,
  type ToEngine,
  type Unaddressed,
} from './protocol.ts';
import { RestartPolicy } from './restart-policy.ts';
import { BatchTimeLimit } from './watchdog.ts';

const SHUTDOWN_GRACE_MS = 1_000;

/** Why an engine process was lost: the value of the metric's label. */
export type LossReason = 'exit' | 'signal' | 'hung' | 'bad_reply' | 'load_failed' | 'files_changed';

/** What happens to the engine, for logs and metrics. */
export type EngineEvent =
  | { kind: 'ready'; epoch: number; processId: number; info: EngineInfo }
  | { kind: 'lost'; epoch: number; reason: LossReason; detail: string; restartInMilliseconds: number | null }
  | { kind: 'stale_reply'; epoch: number }
  | { kind: 'output'; line: string }
  | { kind: 'batch_done'; busyMilliseconds: number; residentBytes: number };

interface BatchUnderWay {
  batchId: number;
  batch: Batch;
  resolve: (result: BatchResult) => void;
  reject: (error: Error) => void;
}

export interface SupervisorOptions {
  /** The compiled `process.js`, or a fake that speaks the same protocol. */
  entry: URL;
  manifest: ModelManifest;
  settings: EngineSettings;
  clock: Clock;
  onEvent: (event: EngineEvent) => void;
  /** Names a file that is not as it was verified: no process may be started on it. */
  changedFile?: () => string | undefined;
}

/**
 * Keeps one engine process alive and speaks with it.
 *
 * starting ── ready message ──> ready ── exit, hang, bad reply ──> restarting ── ready message ──> ready
 *     └─ load fails ─> failed               └─ too many crashes, other files ─> failed        (close() from anywhere: closed)
 *
 * The process answers batches in the order they were sent, so they wait in a first-in-first-out list; its head is the
 * one being computed, and the only one the watchdog times. The watchdog lives here because the process cannot answer
 * while it computes. Each process has an epoch: a message that bears another is of a process already given up.
 */
export class EngineSupervisor implements Engine {
  private readonly options: SupervisorOptions;
  private readonly listeners: ((state: EngineState) => void)[] = [];
  private readonly restartPolicy = new RestartPolicy();
  private currentState: EngineState = 'starting';
  private currentInfo: EngineInfo | undefined;
  private timeLimit = new BatchTimeLimit(1_000);
  private epoch = 0;
  private nextBatchId = 0;
  private child: ChildProcess | undefined;
  private underWay: BatchUnderWay[] = [];
  private headStartedAt = 0;
  private busyWindow = new BusyWindow(0);
  private cancelWatchdog: () => void = () => {};
  private cancelRestart: () => void = () => {};
  /** Set when we kill the process ourselves: the exit event that follows carries only the signal. */
  private killReason: { reason: LossReason; detail: string } | undefined;

  private readonly cost: BatchCost;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.cost = batchCostOf(options.manifest.weights);
  }

  get state(): EngineState {
    return this.currentState;
  }

  get info(): EngineInfo | undefined {
    return this.currentInfo;
  }

  get processesReady(): number {
    return this.currentState === 'ready' ? 1 : 0;
  }

  get processesIdle(): number {
    return this.underWay.length === 0 ? this.processesReady : 0;
  }

  /** Share of the last ten seconds that this engine computed, 0 to 1; since it became ready, where that is less. */
  get busyRatio(): number {
    return this.busyWindow.ratio(this.options.clock.now(), this.batchAge);
  }

  /** Batches sent and not answered. */
  get batchesUnderWay(): number {
    return this.underWay.length;
  }

  /** Process id of the engine in service, for operators and tests. */
  get processId(): number | undefined {
    return this.child?.pid;
  }

  /** Milliseconds the batch being computed has taken so far; 0 when idle. */
  get batchAge(): number {
    return this.underWay.length === 0 ? 0 : this.options.clock.now() - this.headStartedAt;
  }

  /**
   * Starts the first process.
   * @throws {StartError} when it does not become ready; there is no second try.
   */
  start(): Promise<EngineInfo> {
    return new Promise((resolve, reject) => {
      this.spawn({ onReady: resolve, onLoss: (detail) => this.failStart(detail, reject) });
    });
  }

  onStateChange(listener: (state: EngineState) => void): void {
    this.listeners.push(listener);
  }

  run(batch: Batch): Promise<BatchResult> {
    if (this.currentState !== 'ready')
      return Promise.reject(new EngineLostError(`The engine is ${this.currentState}.`));
    return new Promise((resolve, reject) => {
      const batchId = this.nextBatchId++;
      this.underWay.push({ batchId, batch, resolve, reject });
      if (this.underWay.length === 1) this.watchHead();
      this.send({ kind: 'batch', batchId, tokenIds: batch.tokenIds, offsets: batch.offsets });
    });
  }

  async close(): Promise<void> {
    if (this.currentState === 'closed') return;
    this.cancelRestart();
    this.cancelWatchdog();
    this.setState('closed');
    this.rejectAllUnderWay('The engine was closed.');
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.send({ kind: 'shutdown' });
    const cancelKill = this.options.clock.after(SHUTDOWN_GRACE_MS, () => child.kill('SIGKILL'));
    await exited;
    cancelKill();
  }

  private spawn(first?: { onReady: (info: EngineInfo) => void; onLoss: (detail: string) => void }): void {
    const epoch = ++this.epoch;
    const { entry, manifest, settings } = this.options;
    const child = forkEngine(entry, (line) => this.options.onEvent({ kind: 'output', line }));
    this.child = child;
    this.killReason = undefined;

    let ended = false;
    const lost = (reason: LossReason, detail: string) => {
      if (ended || this.currentState === 'closed') return;
      ended = true;
      if (first !== undefined && this.currentState === 'starting') first.onLoss(detail);
      else this.recover(epoch, this.killReason?.reason ?? reason, this.killReason?.detail ?? detail);
    };
    child.on('message', (message) => {
      const reply = message as FromEngine;
      if (ended || reply.epoch !== epoch || this.epoch !== epoch || reply.version !== PROTOCOL_VERSION) {
        this.options.onEvent({ kind: 'stale_reply', epoch: reply.epoch });
      } else if (reply.kind === 'ready') {
        if (this.currentState === 'closed') return;
        this.becomeReady(epoch, reply.info);
        first?.onReady(reply.info);
      } else if (reply.kind === 'load_failed') {
        this.killReason = { reason: 'load_failed', detail: reply.message };
        lost('load_failed', reply.message);
        child.kill('SIGKILL');
      } else {
        this.answer(reply);
      }
    });
    child.on('error', (error) => lost('exit', error.message));
    child.on('exit', (code, signal) =>
      lost(
        signal === null ? 'exit' : 'signal',
        signal === null
          ? `The engine process ended with exit code ${code}.`
          : `The engine process was ended by ${signal}.`,
      ),
    );
    // Batches were formed to a budget since the first start: another process of the device keeps it.
    const calibration = this.currentInfo?.calibration ?? null;
    this.send({ kind: 'load', manifest, settings, parentProcessId: process.pid, calibration });
  }

  private becomeReady(epoch: number, info: EngineInfo): void {
    this.currentInfo = info;
    this.timeLimit = new BatchTimeLimit(info.tokensPerSecond);
    this.busyWindow = new BusyWindow(this.options.clock.now());
    this.options.onEvent({ kind: 'ready', epoch, processId: this.child?.pid ?? 0, info });
    this.setState('ready');
  }

  private answer(reply: FromEngine & { batchId: number }): void {
    const head = this.underWay[0];
    if (head === undefined || head.batchId !== reply.batchId) {
      this.options.onEvent({ kind: 'stale_reply', epoch: reply.epoch });
      return;
    }
    const { batch } = head;
    const batchSize = batch.offsets.length - 1;
    if (reply.kind === 'rows' && reply.rows.length !== batchSize * this.options.manifest.hiddenSize) {
      // A process that miscounts cannot be trusted with any answer: give it up, and let the batch be tried again.
      this.kill('bad_reply', `The engine answered ${batchSize} sequences with ${reply.rows.length} numbers.`);
      return;
    }
    this.underWay.shift();
    this.cancelWatchdog();
    if (this.underWay.length > 0) this.watchHead();
    if (reply.kind === 'rows') {
      this.timeLimit.observe(equivalentTokens(this.cost, batch.offsets), reply.inferMilliseconds);
      const { rows, computedTokens, inferMilliseconds, residentBytes } = reply;
      this.busyWindow.observe(this.options.clock.now(), inferMilliseconds);
      this.options.onEvent({ kind: 'batch_done', busyMilliseconds: inferMilliseconds, residentBytes });
      head.resolve({ rows, computedTokens, inferMilliseconds });
    } else if (reply.kind === 'batch_failed') {
      head.reject(new BatchFailedError(reply.message));
    }
  }

  private watchHead(): void {
    const head = this.underWay[0] as BatchUnderWay;
    const limit = this.timeLimit.for(equivalentTokens(this.cost, head.batch.offsets));
    this.headStartedAt = this.options.clock.now();
    this.cancelWatchdog = this.options.clock.after(limit, () =>
      this.kill('hung', `A batch of ${head.batch.tokenIds.length} tokens took longer than ${Math.round(limit)} ms.`),
    );
  }

  private kill(reason: LossReason, detail: string): void {
    this.killReason = { reason, detail };
    this.child?.kill('SIGKILL');
  }

  private recover(epoch: number, reason: LossReason, detail: string): void {
    const delay = this.restartPolicy.next(this.options.clock.now());
    this.options.onEvent({ kind: 'lost', epoch, reason, detail, restartInMilliseconds: delay });
    this.cancelWatchdog();
    this.setState(delay === null ? 'failed' : 'restarting');
    this.rejectAllUnderWay(detail);
    if (delay !== null) this.cancelRestart = this.options.clock.after(delay, () => this.respawn());
  }

  /** Other weights would give other vectors under the same fingerprint: then there is no other process. */
  private respawn(): void {
    const changed = this.options.changedFile?.();
    if (changed === undefined) {
      this.spawn();
      return;
    }
    const detail = `${changed} is no longer the file that was verified at the start. Start hotvec again.`;
    const lost = { kind: 'lost', epoch: this.epoch, reason: 'files_changed', detail } as const;
    this.options.onEvent({ ...lost, restartInMilliseconds: null });
    this.setState('failed');
  }

  private failStart(detail: string, reject: (error: Error) => void): void {
    this.setState('failed');
    const { device } = this.options.settings;
    let hint = '';
    if (detail.includes('SIGKILL')) hint = ' Most often the machine ran out of memory for the model.';
    else if (device !== 'cpu' && detail.includes('The engine process ')) {
      hint = ` Most often the driver of the ${device} device crashed it: update the driver, or set DEVICE=cpu.`;
    }
    reject(new StartError(`The engine did not start. ${detail}${hint}`));
  }

  private rejectAllUnderWay(detail: string): void {
    const lost = this.underWay;
    this.underWay = [];
    for (const { reject } of lost) reject(new EngineLostError(detail));
  }

  private setState(state: EngineState): void {
    this.currentState = state;
    for (const listener of this.listeners) listener(state);
  }

  private send(message: Unaddressed<ToEngine>): void {
    // A closed channel is reported by the exit event; an error here would only say it twice.
    if (this.child?.connected) {
      this.child.send({ ...message, version: PROTOCOL_VERSION, epoch: this.epoch }, undefined, () => {});
    }
  }
}
