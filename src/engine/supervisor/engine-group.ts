import { messageOf, StartError } from '../../errors.ts';
import { type Engine, EngineLostError, type EngineState, type RunOptions } from '../engine.ts';
import type { Batch, BatchResult, EngineInfo, EngineSettings } from '../protocol.ts';
import type { EngineSupervisor } from './supervisor.ts';

/** Something to compute on: the settings of each engine process, of which a device has one or more. */
export type EngineChoice = readonly EngineSettings[];

export interface EngineGroupOptions {
  /** In order of preference, at least one. The first of which every process becomes ready is taken. */
  choices: readonly EngineChoice[];
  /** @param index of the settings in the choice. */
  createEngine: (settings: EngineSettings, index: number) => EngineSupervisor;
  /** Told of each choice that was passed over. */
  onPassedOver?: (choice: EngineChoice, reason: string) => void;
}

/**
 * Several engine processes, one or more for each device, behind the contract of one engine. A batch goes to the ready process
 * with the least work in progress; a lost process rejects its own batches, and their sender sends them again.
 *
 * The state: `ready` while any process is; `failed` when all are given up, so a device that is lost for good costs its
 * share of the speed and nothing else. At the start it is stricter: every device that was asked for must come up.
 */
export class EngineGroup implements Engine {
  private readonly options: EngineGroupOptions;
  private readonly listeners: ((state: EngineState) => void)[] = [];
  private members: readonly EngineSupervisor[] = [];
  private isStarting = true;
  private isClosed = false;

  constructor(options: EngineGroupOptions) {
    this.options = options;
  }

  get state(): EngineState {
    if (this.isClosed) return 'closed';
    if (this.isStarting) return 'starting';
    const states = this.members.map(({ state }) => state);
    return (['ready', 'checking', 'restarting'] as const).find((state) => states.includes(state)) ?? 'failed';
  }

  get processesReady(): number {
    return this.state === 'ready' ? this.members.filter(({ state }) => state === 'ready').length : 0;
  }

  get processesIdle(): number {
    return this.state === 'ready' ? this.members.filter(({ processesIdle }) => processesIdle > 0).length : 0;
  }

  /** Share of the last ten seconds that the engines in service computed, on average; 0 to 1. */
  get busyRatio(): number {
    const ready = this.members.filter(({ state }) => state === 'ready');
    return ready.reduce((sum, { busyRatio }) => sum + busyRatio, 0) / Math.max(1, ready.length);
  }

  /** Process ids of the engines in service or being started, for operators and tests. */
  get processIds(): number[] {
    return this.members.flatMap(({ processId }) => processId ?? []);
  }

  /** Milliseconds the longest of the batches being computed has taken so far; 0 when idle. */
  get batchAge(): number {
    return Math.max(0, ...this.members.map(({ batchAge }) => batchAge));
  }

  /** The pace of all together, the canary of the worst. */
  get info(): EngineInfo | undefined {
    const infos = this.isStarting ? [] : this.members.flatMap(({ info }) => info ?? []);
    const [first] = infos;
    if (first === undefined) return undefined;
    return {
      device: first.device,
      dtype: first.dtype,
      loadMilliseconds: Math.max(...infos.map((info) => info.loadMilliseconds)),
      tokensPerSecond: infos.reduce((sum, info) => sum + info.tokensPerSecond, 0),
      // Noise makes a budget smaller, never larger: the largest is the truest.
      calibration: infos
        .map(({ calibration }) => calibration)
        .reduce((most, one) => (one.batchTokens > most.batchTokens ? one : most)),
      canaryCosine: Math.min(...infos.map((info) => info.canaryCosine)),
      canaryDifference: Math.max(...infos.map((info) => info.canaryDifference)),
      canaryScores: first.canaryScores,
    };
  }

  /**
   * Starts the first choice that works.
   * @throws {StartError} what was wrong with the last choice, when none works.
   */
  async start(): Promise<EngineInfo> {
    for (const [i, choice] of this.options.choices.entries()) {
      try {
        await this.startAll(choice);
        break;
      } catch (error) {
        await this.closeAll();
        if (this.isClosed || i === this.options.choices.length - 1) {
          this.isStarting = false;
          this.tell();
          throw error;
        }
        this.options.onPassedOver?.(choice, messageOf(error));
      }
    }
    this.isStarting = false;
    this.tell();
    return this.info as EngineInfo;
  }

  onStateChange(listener: (state: EngineState) => void): void {
    this.listeners.push(listener);
  }

  run(batch: Batch, options?: RunOptions): Promise<BatchResult> {
    const { state } = this;
    const ready = state === 'ready' ? this.members.filter((member) => member.state === 'ready') : [];
    const [first, ...others] = ready;
    if (first === undefined) return Promise.reject(new EngineLostError(`The engine is ${state}.`));
    // Among equals to the one that has computed longest, so will be done first.
    return others
      .reduce((least, one) => {
        const difference = one.batchesUnderWay - least.batchesUnderWay || least.batchAge - one.batchAge;
        return difference < 0 ? one : least;
      }, first)
      .run(batch, options);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.tell();
    await this.closeAll();
  }

  private async startAll(choice: EngineChoice): Promise<void> {
    if (this.isClosed) throw new StartError('The engine was closed.');
    this.members = choice.map((settings, index) => {
      const member = this.options.createEngine(settings, index);
      member.onStateChange(() => this.tell());
      return member;
    });
    await Promise.all(this.members.map((member) => member.start()));
  }

  private async closeAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()));
  }

  private tell(): void {
    // Until startup is over, what happens to single processes is not a state of the group.
    if (this.isStarting && !this.isClosed) return;
    const { state } = this;
    for (const listener of this.listeners) listener(state);
  }
}
