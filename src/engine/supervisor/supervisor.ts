import process from 'node:process';
import type { Clock } from '../../clock.ts';
import type { ModelManifest } from '../../model-files/manifest.ts';
import { type Engine, EngineLostError, type EngineState, type RunOptions } from '../engine.ts';
import type { Batch, BatchResult, EngineInfo, EngineSettings, FromEngine } from '../protocol.ts';
import { EngineChannel } from './engine-channel.ts';
import type { EngineEvent, LossReason } from './engine-events.ts';
import { EngineLifecycle } from './engine-lifecycle.ts';
import { forkEngine } from './fork-engine.ts';
import { ProcessHealth } from './process-health.ts';
import { Restarts } from './restarts.ts';
import { type BatchReply, SentBatches } from './sent-batches.ts';
import type { SpareEngine } from './spare-engine.ts';

export interface SupervisorOptions {
  /** The compiled `process.js`, or a fake that speaks the same protocol. */
  entry: URL;
  /** A process of that entry that was started already; for the first that asks. */
  spare?: SpareEngine | undefined;
  manifest: ModelManifest;
  settings: EngineSettings;
  clock: Clock;
  onEvent: (event: EngineEvent) => void;
  /** Names a file that is not as it was verified: no process may be started on it. */
  changedFile?: () => string | undefined;
}

/**
 * Keeps one engine process alive and speaks with it. Which states it goes through is in engine-lifecycle.ts.
 *
 * The watchdog lives here because the process cannot answer while it computes; while it is idle it is asked from time
 * to time. Each process has an epoch: a message that bears another is of a process already given up.
 */
export class EngineSupervisor implements Engine {
  private readonly options: SupervisorOptions;
  private readonly lifecycle: EngineLifecycle;
  private readonly restarts: Restarts;
  private readonly sent: SentBatches;
  private readonly health: ProcessHealth;
  private nextBatchId = 0;
  private channel: EngineChannel | undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.lifecycle = new EngineLifecycle(options.onEvent);
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
      onChangedFile: (detail) => this.lifecycle.leaveService('files_changed', detail, null),
    });
  }

  get state(): EngineState {
    return this.lifecycle.state;
  }

  get info(): EngineInfo | undefined {
    return this.lifecycle.info;
  }

  get processesReady(): number {
    return this.state === 'ready' ? 1 : 0;
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
  async start(): Promise<EngineInfo> {
    const ready = this.lifecycle.begin(this.options.settings.device);
    this.spawn();
    return ready;
  }

  onStateChange(listener: (state: EngineState) => void): void {
    this.lifecycle.onStateChange(listener);
  }

  run(batch: Batch, { isSuspect = false }: RunOptions = {}): Promise<BatchResult> {
    if (this.state !== 'ready') return Promise.reject(new EngineLostError(`The engine is ${this.state}.`));
    return new Promise((resolve, reject) => {
      const batchId = this.nextBatchId++;
      this.health.busy();
      this.sent.push({ batchId, batch, isSuspect, resolve, reject });
      const { tokenIds, offsets, perToken } = batch;
      this.channel?.send({ kind: 'batch', batchId, tokenIds, offsets, perToken });
    });
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.restarts.cancel();
    this.health.end();
    this.lifecycle.close();
    this.sent.rejectAll('The engine was closed.');
    await this.channel?.end();
  }

  private spawn(): void {
    const epoch = this.lifecycle.spawned();
    const { entry, spare, manifest, settings, clock, onEvent } = this.options;
    const taken = spare?.take({ manifest, settings });
    this.channel = new EngineChannel({
      child: taken?.child ?? forkEngine(entry),
      epoch,
      clock,
      onMessage: (message) => this.receive(message),
      onStray: (strayEpoch) => onEvent({ kind: 'stale_reply', epoch: strayEpoch }),
      onLost: (reason, detail) => this.recover(reason, detail),
      onOutput: (line) => onEvent({ kind: 'output', line }),
    });
    if (taken?.answers != null) {
      for (const answer of taken.answers) this.channel.receive(answer);
      return;
    }
    // Batches were formed to a budget since the first start: another process of the device keeps it.
    const calibration = this.info?.calibration ?? null;
    this.channel.send({ kind: 'load', manifest, settings, parentProcessId: process.pid, calibration });
    // There is no way to know how long a first load takes.
    if (this.info !== undefined) this.health.loading(this.info.loadMilliseconds);
  }

  private receive(message: FromEngine): void {
    switch (message.kind) {
      case 'ready':
        this.lifecycle.becomeReady(message.info, this.processId ?? 0, () => {
          this.sent.begin(message.info.tokensPerSecond);
          this.health.proved();
        });
        return;
      case 'rows':
      case 'batch_failed':
        this.answer(message);
        return;
      case 'pong':
        this.health.heard();
        return;
      case 'canary_passed':
        this.lifecycle.goOn(() => this.health.proved());
        return;
      case 'canary_failed':
        this.channel?.kill('canary_failed', message.message);
    }
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
      if (failedInARow !== null) this.lifecycle.check(failedInARow, () => this.health.runCanary());
    }
  }

  private recover(reason: LossReason, detail: string): void {
    if (this.lifecycle.isFirstStart) {
      this.lifecycle.failStart(detail);
      return;
    }
    this.health.end();
    const delay = this.restarts.schedule(this.sent.isHeadSuspect);
    this.lifecycle.leaveService(reason, detail, delay);
    this.sent.rejectAll(detail);
  }
}
