import process from 'node:process';
import type { Clock } from '../clock.ts';
import { StartError } from '../errors.ts';
import type { ModelManifest } from '../model/manifest.ts';
import { type BatchCost, batchCostOf, equivalentTokens } from './batch-cost.ts';
import { BusyWindow } from './busy-window.ts';
import { BatchFailedError, type Engine, EngineLostError, type EngineState } from './engine.ts';
import { EngineChannel } from './engine-channel.ts';
import type { EngineEvent, LossReason } from './engine-events.ts';
import type { Batch, BatchResult, EngineInfo, EngineSettings, FromEngine } from './protocol.ts';
import { RestartPolicy } from './restart-policy.ts';
import { SentBatches } from './sent-batches.ts';
import { BatchTimeLimit } from './watchdog.ts';

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
 * The watchdog lives here because the process cannot answer while it computes. Each process has an epoch: a message
 * that bears another is of a process already given up.
 */
export class EngineSupervisor implements Engine {
  private readonly options: SupervisorOptions;
  private readonly cost: BatchCost;
  private readonly listeners: ((state: EngineState) => void)[] = [];
  private readonly restartPolicy = new RestartPolicy();
  private readonly sent: SentBatches;
  private currentState: EngineState = 'starting';
  private currentInfo: EngineInfo | undefined;
  private timeLimit = new BatchTimeLimit(1_000);
  private busyWindow = new BusyWindow(0);
  private epoch = 0;
  private nextBatchId = 0;
  private channel: EngineChannel | undefined;
  private cancelRestart: () => void = () => {};
  /** Set until the first process is ready or lost. */
  private firstStart: { resolve: (info: EngineInfo) => void; reject: (error: Error) => void } | undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.cost = batchCostOf(options.manifest.weights);
    this.sent = new SentBatches({
      clock: options.clock,
      limitOf: ({ offsets }) => this.timeLimit.for(equivalentTokens(this.cost, offsets)),
      onOverdue: ({ tokenIds }, limit) =>
        this.channel?.kill('hung', `A batch of ${tokenIds.length} tokens took longer than ${Math.round(limit)} ms.`),
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
    return this.busyWindow.ratio(this.options.clock.now(), this.batchAge);
  }

  /** Batches sent and not answered. */
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
   * @throws {StartError} when it does not become ready; there is no second try.
   */
  start(): Promise<EngineInfo> {
    return new Promise((resolve, reject) => {
      this.firstStart = { resolve, reject };
      this.spawn();
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
      this.sent.push({ batchId, batch, resolve, reject });
      this.channel?.send({ kind: 'batch', batchId, tokenIds: batch.tokenIds, offsets: batch.offsets });
    });
  }

  async close(): Promise<void> {
    if (this.currentState === 'closed') return;
    this.cancelRestart();
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
  }

  private receive(message: FromEngine): void {
    switch (message.kind) {
      case 'ready':
        this.becomeReady(message.info);
        return;
      case 'rows':
      case 'batch_failed':
        this.answer(message);
    }
  }

  private becomeReady(info: EngineInfo): void {
    this.currentInfo = info;
    this.timeLimit = new BatchTimeLimit(info.tokensPerSecond);
    this.busyWindow = new BusyWindow(this.options.clock.now());
    this.options.onEvent({ kind: 'ready', epoch: this.epoch, processId: this.processId ?? 0, info });
    this.setState('ready');
    this.firstStart?.resolve(info);
    this.firstStart = undefined;
  }

  private answer(reply: FromEngine & { kind: 'rows' | 'batch_failed' }): void {
    const { head } = this.sent;
    if (head === undefined || head.batchId !== reply.batchId) {
      this.options.onEvent({ kind: 'stale_reply', epoch: reply.epoch });
      return;
    }
    const { offsets } = head.batch;
    if (reply.kind === 'rows' && reply.rows.length !== (offsets.length - 1) * this.options.manifest.hiddenSize) {
      // A process that miscounts cannot be trusted with any answer: give it up, and let the batch be tried again.
      const detail = `The engine answered ${offsets.length - 1} sequences with ${reply.rows.length} numbers.`;
      this.channel?.kill('bad_reply', detail);
      return;
    }
    this.sent.shift();
    if (reply.kind === 'batch_failed') {
      head.reject(new BatchFailedError(reply.message));
      return;
    }
    const { rows, computedTokens, inferMilliseconds, residentBytes } = reply;
    this.timeLimit.observe(equivalentTokens(this.cost, offsets), inferMilliseconds);
    this.busyWindow.observe(this.options.clock.now(), inferMilliseconds);
    this.options.onEvent({ kind: 'batch_done', busyMilliseconds: inferMilliseconds, residentBytes });
    head.resolve({ rows, computedTokens, inferMilliseconds });
  }

  private recover(reason: LossReason, detail: string): void {
    if (this.firstStart !== undefined) {
      this.failStart(detail);
      return;
    }
    const delay = this.restartPolicy.next(this.options.clock.now());
    this.options.onEvent({ kind: 'lost', epoch: this.epoch, reason, detail, restartInMilliseconds: delay });
    this.setState(delay === null ? 'failed' : 'restarting');
    this.sent.rejectAll(detail);
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

  private failStart(detail: string): void {
    this.setState('failed');
    const { device } = this.options.settings;
    let hint = '';
    if (detail.includes('SIGKILL')) hint = ' Most often the machine ran out of memory for the model.';
    else if (device !== 'cpu' && detail.includes('The engine process ')) {
      hint = ` Most often the driver of the ${device} device crashed it: update the driver, or set DEVICE=cpu.`;
    }
    this.firstStart?.reject(new StartError(`The engine did not start. ${detail}${hint}`));
    this.firstStart = undefined;
  }

  private setState(state: EngineState): void {
    this.currentState = state;
    for (const listener of this.listeners) listener(state);
  }
}
