import { type Engine, EngineLostError, type EngineState, type RunOptions } from '../../src/engine/engine.ts';
import type { Batch, BatchResult, EngineInfo } from '../../src/engine/protocol.ts';
import { engineFacts } from './engine-facts.ts';
import { hashRow } from './hash-row.ts';

interface Waiting {
  batch: Batch;
  isSuspect: boolean;
  resolve: (result: BatchResult) => void;
  reject: (error: Error) => void;
}

/** An engine in this process whose every step the test decides. Rows are hash streams of the token ids. */
export class ScriptedEngine implements Engine {
  state: EngineState;
  info: EngineInfo | undefined;
  /** How many processes it plays, while it is ready. */
  processes = 1;
  readonly waiting: Waiting[] = [];
  batchesSent = 0;
  private answered = 0;
  private readonly hiddenSize: number;
  private readonly listeners: ((state: EngineState) => void)[] = [];

  constructor(hiddenSize: number, state: EngineState = 'ready') {
    this.hiddenSize = hiddenSize;
    this.state = state;
    this.info = state === 'ready' ? engineFacts() : undefined;
  }

  get processesReady(): number {
    return this.state === 'ready' ? this.processes : 0;
  }

  get processesIdle(): number {
    return Math.max(0, this.processesReady - this.waiting.length);
  }

  run(batch: Batch, { isSuspect = false }: RunOptions = {}): Promise<BatchResult> {
    if (this.state !== 'ready') return Promise.reject(new EngineLostError(`The engine is ${this.state}.`));
    this.batchesSent += 1;
    return new Promise((resolve, reject) => {
      this.waiting.push({ batch, isSuspect, resolve, reject });
    });
  }

  onStateChange(listener: (state: EngineState) => void): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    this.lose('closed');
  }

  /** Answers the batch at the head, which took `inferMilliseconds`. */
  answer(inferMilliseconds = 1): void {
    const head = this.waiting.shift();
    if (head === undefined) return;
    this.answered += 1;
    const { tokenIds, offsets } = head.batch;
    const count = offsets.length - 1;
    const rows = new Float32Array(count * this.hiddenSize);
    for (let i = 0; i < count; i++) {
      rows.set(hashRow(tokenIds.subarray(offsets[i], offsets[i + 1]), this.hiddenSize), i * this.hiddenSize);
    }
    head.resolve({ rows, computedTokens: tokenIds.length, inferMilliseconds });
  }

  /** Fails the batch at the head. */
  fail(error: Error): void {
    this.waiting.shift()?.reject(error);
  }

  /** The process is gone: every batch under way is lost, as the supervisor reports it. */
  lose(state: EngineState = 'restarting'): void {
    const wasFresh = this.answered === 0;
    this.answered = 0;
    this.become(state);
    for (const [i, { reject }] of this.waiting.splice(0).entries()) {
      reject(new EngineLostError('lost', { wasComputing: i === 0, wasFresh }));
    }
  }

  become(state: EngineState): void {
    this.state = state;
    if (state === 'ready') this.info ??= engineFacts();
    for (const listener of this.listeners) listener(state);
  }
}
