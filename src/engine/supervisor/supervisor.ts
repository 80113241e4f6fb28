import process from 'node:process';
import type { Clock } from '../../clock.ts';
import type { ModelManifest } from '../../model-files/manifest.ts';
import { type Engine, EngineLostError, type EngineState, type RunOptions } from '../engine.ts';
import type { Batch, BatchResult, EngineInfo, EngineSettings, FromEngine } from '../protocol.ts';
import { EngineChannel } from './engine-channel.ts';
import type { EngineEvent, LossReason } from './engine-events.ts';
import { FirstStart } from './first-start.ts';
import { ProcessHealth } from './process-health.ts';
import { Restarts } from './restarts.ts';
import { type BatchReply, SentBatches } from './sent-batches.ts';

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
 *     └─ load fails ─> failed     │ ↑       └─ too many crashes, other files ─> failed        (close() from anywhere: closed)
 *         three batches in a row failed ↓ │ canary passed
 *                             checking ── canary failed ──> restarting
 *
 * The watchdog lives here because the process cannot answer while it computes; while it is idle it is asked from time
 * to time. Each process has an epoch: a message that bears another is of a process already given up.
 */
export class EngineSupervisor implements Engine {
  private readonly options: SupervisorOptions;
  private readonly listeners: ((state: EngineState) => void)[] = [];
  private readonly restarts: Restarts;
  private readonly sent: SentBatches;
  private readonly health: ProcessHealth;
  private currentState: EngineState = 'starting';
  private currentInfo: EngineInfo | undefined;
  private epoch = 0;
  private nextBatchId = 0;
  private channel: EngineChannel | undefined;
  /** Set until the first process is ready or lost. */
  private firstStart: FirstStart | undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.sent = new SentBatches({
      clock: options.clock,
      cost: options.manifest.cost,
      hiddenSize: options.manifest.hiddenSize,
      onOverdue: ({ tokenIds }, limit) =>
        this.channel?.kill('hung', `A batch of ${tokenIds.length} tokens took longer than ${Math.round(limit)} ms.`),
    });
    this.health = new ProcessHealth({
      clock: options.clock,
      send: (message) => this.channel?.send(message),
      kill: (reason, detail) => this.channel?.kill(reason, detail),
    });
    this.restarts = new Restarts({
      clock: options.clock,
      changedFile: () => options.changedFile?.(),
      restart: () => this.spawn(),
      onChangedFile: (detail) => this.leaveService('files_changed', detail, null),
    });
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
    return this.sent.count === 0 ? this.processesReady : 0;
  }

  /** Share of the last ten seconds that this engine computed, 0 to 1; since it became ready, where that is less. */
  get busyRatio(): number {
    return this.sent.busyRatio;
  }

  get batchesUnderWay(): number {
    return this.sent.count;
  }

  /** Process id of the engine in service, for operators and tests. */
  get processId(): number | undefined {
    return this.channel?.processId;
  }

  /** Milliseconds the batch being computed has taken so far; 0 when idle. */
  get batchAge(): number {
    return this.sent.age;
  }

  /**
   * Starts the first process.
   * @throws {StartError} if it does not become ready; it is not tried again.
   */
  start(): Promise<EngineInfo> {
    this.firstStart = new FirstStart(this.options.settings.device);
    this.spawn();
    return this.firstStart.outcome;
  }

  onStateChange(listener: (state: EngineState) => void): void {
    this.listeners.push(listener);
  }

  run(batch: Batch, { isSuspect = false }: RunOptions = {}): Promise<BatchResult> {
    if (this.currentState !== 'ready')
      return Promise.reject(new EngineLostError(`The engine is ${this.currentState}.`));
    return new Promise((resolve, reject) => {
      const batchId = this.nextBatchId++;
      this.health.busy();
      this.sent.push({ batchId, batch, isSuspect, resolve, reject });
      const { tokenIds, offsets, perToken } = batch;
      this.channel?.send({ kind: 'batch', batchId, tokenIds, offsets, perToken });
    });
  }

  async close(): Promise<void> {
    if (this.currentState === 'closed') return;
    this.restarts.cancel();
    this.health.end();
    this.setState('closed');
    this.sent.rejectAll('The engine was closed.');
    await this.channel?.end();
  }

  private spawn(): void {
    const epoch = ++this.epoch;
    const { entry, manifest, settings, clock, onEvent } = this.options;
    this.channel = new EngineChannel({
      entry,
      epoch,
      clock,
      onMessage: (message) => this.receive(message),
      onStray: (strayEpoch) => onEvent({ kind: 'stale_reply', epoch: strayEpoch }),
      onLost: (reason, detail) => this.recover(reason, detail),
      onOutput: (line) => onEvent({ kind: 'output', line }),
    });
    // Batches were formed to a budget since the first start: another process of the device keeps it.
    const calibration = this.currentInfo?.calibration ?? null;
    this.channel.send({ kind: 'load', manifest, settings, parentProcessId: process.pid, calibration });
    // There is no way to know how long a first load takes.
    if (this.currentInfo !== undefined) this.health.loading(this.currentInfo.loadMilliseconds);
  }

  private receive(message: FromEngine): void {
    switch (message.kind) {
      case 'ready':
        if (this.currentState === 'starting' || this.currentState === 'restarting') this.becomeReady(message.info);
        return;
      case 'rows':
      case 'batch_failed':
        this.answer(message);
        return;
      case 'pong':
        this.health.heard();
        return;
      case 'canary_passed':
        this.goOn();
        return;
      case 'canary_failed':
        this.channel?.kill('canary_failed', message.message);
    }
  }

  private becomeReady(info: EngineInfo): void {
    this.currentInfo = info;
    this.sent.begin(info.tokensPerSecond);
    this.options.onEvent({ kind: 'ready', epoch: this.epoch, processId: this.processId ?? 0, info });
    this.health.proved();
    this.setState('ready');
    this.firstStart?.ready(info);
    this.firstStart = undefined;
  }

  /** Batches fail one after the other: is it them, or the process? */
  private check(failedBatches: number): void {
    this.options.onEvent({ kind: 'checking', epoch: this.epoch, failedBatches });
    this.health.runCanary();
    this.setState('checking');
  }

  private goOn(): void {
    if (this.currentState !== 'checking') return;
    this.options.onEvent({ kind: 'check_passed', epoch: this.epoch });
    this.health.proved();
    this.setState('ready');
  }

  private answer(reply: BatchReply): void {
    const answered = this.sent.answer(reply);
    if (answered === 'stale') {
      this.options.onEvent({ kind: 'stale_reply', epoch: reply.epoch });
      return;
    }
    if (answered === 'miscounted') {
      // A process that miscounts cannot be trusted with any answer: give it up, and let the batch be tried again.
      this.channel?.kill('bad_reply', 'The engine answered a batch with the wrong number of rows.');
      return;
    }
    if (this.processesIdle > 0) this.health.idle();
    if (reply.kind === 'rows') {
      this.health.succeeded();
      const { inferMilliseconds, residentBytes } = reply;
      this.options.onEvent({ kind: 'batch_done', busyMilliseconds: inferMilliseconds, residentBytes });
    } else if (!answered.isSuspect) {
      const failedInARow = this.health.failed();
      if (failedInARow !== null && this.currentState === 'ready') this.check(failedInARow);
    }
  }

  private recover(reason: LossReason, detail: string): void {
    if (this.firstStart !== undefined) {
      this.setState('failed');
      this.firstStart.lost(detail);
      this.firstStart = undefined;
      return;
    }
    this.health.end();
    const delay = this.restarts.schedule(this.sent.isHeadSuspect);
    this.leaveService(reason, detail, delay);
    this.sent.rejectAll(detail);
  }

  private leaveService(reason: LossReason, detail: string, restartInMilliseconds: number | null): void {
    this.options.onEvent({ kind: 'lost', epoch: this.epoch, reason, detail, restartInMilliseconds });
    this.setState(restartInMilliseconds === null ? 'failed' : 'restarting');
  }

  private setState(state: EngineState): void {
    this.currentState = state;
    for (const listener of this.listeners) listener(state);
  }
}
