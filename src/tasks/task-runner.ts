import { setImmediate } from 'node:timers/promises';
import type { Batcher } from '../batching/batcher.ts';
import type { Priority } from '../batching/priority.ts';
import type { Clock } from '../clock.ts';
import { HotvecError } from '../errors.ts';
import { InputFailures, type OnError } from './input-failures.ts';
import { type RowCache, type RowFacts, RowSource } from './row-source.ts';
import type { Task, TaskSequence } from './task.ts';

/** What is being done for a request. `encode` begins when its rows are there. */
export type WorkPhase = 'tokenize' | 'queue' | 'infer' | 'encode';

/** What a request may ask of any task. */
export interface RunOptions {
  /** With `partial` an input that has no answer fails alone. Default: `fail`. */
  onError?: OnError | undefined;
  signal?: AbortSignal;
  /** Milliseconds from now after which the answer is worth nothing. */
  timeLimit: number;
  /** Name of the API key, for its share of the queue. */
  owner?: string | undefined;
  /** Whether someone is waiting for the response; if omitted, judged by the size of the request. */
  priority?: Priority | undefined;
  /** Told how many tokens the inputs have, before any is computed; what it throws ends the request. */
  onTokenized?: (tokens: number) => void;
  /** Told of each phase as it begins; also of a request that fails later. */
  onPhase?: (phase: WorkPhase) => void;
}

/** How a request was computed. */
export interface RunFacts extends RowFacts {
  /** Milliseconds. */
  timings: RowFacts['timings'] & { tokenize: number };
}

export interface RunResult<Sequence, Answer> {
  answer: Answer;
  /** Of the inputs that did not fail. */
  sequences: readonly Sequence[];
  /** Why the others have no answer, by their place among the inputs. Empty but for `onError: 'partial'`. */
  failures: ReadonlyMap<number, HotvecError>;
  facts: RunFacts;
}

export interface TaskRunnerOptions {
  batcher: Batcher;
  /** null: every row is computed. */
  cache: RowCache | null;
  clock: Clock;
  /** Whether the fingerprint is known: rows that cannot be told apart from another model's are not handed out. */
  isIdentified: () => boolean;
}

/** Small requests of bulk that are finished in one turn of the event loop: about a millisecond. */
const BULK_OF_A_TURN = 8;
const NO_ROW = new Float32Array(0);

/** Takes a request of any task through the pipeline: accept → admit → prepare → batch → finish. */
export class TaskRunner {
  private readonly options: TaskRunnerOptions;
  private readonly rows: RowSource;
  private readonly bulkTurns = new LoopTurns(BULK_OF_A_TURN);

  constructor(options: TaskRunnerOptions) {
    this.options = options;
    this.rows = new RowSource(options.batcher, options.cache);
  }

  /** Why a request would not be computed now: what it gets, and what probes are told. undefined: it would be. */
  get refusal(): HotvecError | undefined {
    const { refusal } = this.options.batcher;
    if (refusal !== undefined || this.options.isIdentified()) return refusal;
    return new HotvecError('not_ready', 'The model is still loading.', { retryAfterMs: 1000 });
  }

  /**
   * @param perToken whether rows of an input's tokens are requested instead of one row.
   * @throws {HotvecError} what the task and the batcher throw.
   */
  async run<Sequence extends TaskSequence, Answer>(
    task: Task<Sequence, Answer>,
    options: RunOptions,
    { perToken }: { perToken: boolean } = { perToken: false },
  ): Promise<RunResult<Sequence, Answer>> {
    const { clock } = this.options;
    const { signal, owner, priority, timeLimit, onError = 'fail' } = options;
    const startedAt = clock.now();
    const failures = new InputFailures(onError);
    const leastTokens = task.accept(failures);
    // Turned away before it costs anything, where it must be turned away.
    const refused = this.refusal;
    if (refused !== undefined) throw refused;
    const release = this.expect(leastTokens, options);
    options.onPhase?.('tokenize');
    const prepared = await task.prepare(failures).finally(release);
    const tokenizedAt = clock.now();
    options.onPhase?.('queue');
    // What has no token has nothing to compute.
    const computable = prepared.filter(({ ids }) => ids.length > 0);
    const ids = computable.map((sequence) => sequence.ids);
    options.onTokenized?.(ids.reduce((sum, { length }) => sum + length, 0));
    const computed = await this.rows.rowsOf(ids, {
      perToken,
      signal,
      owner,
      priority,
      onError,
      deadline: startedAt + timeLimit,
      onTakenUp: () => options.onPhase?.('infer'),
    });
    // A batch is the last of many small requests, and to finish them all at once would hold up everyone.
    if (priority === 'bulk') await this.bulkTurns.next();
    options.onPhase?.('encode');
    for (const [i, error] of computed.failures) failures.add((computable[i] as Sequence).position, error);
    let next = 0;
    const rows = prepared.map(({ ids }) => (ids.length > 0 ? computed.rows[next++] : NO_ROW) as Float32Array);
    const answer = await task.finish(rows, prepared, failures);
    return {
      answer,
      sequences: failures.spare(prepared),
      failures: failures.byPosition,
      facts: { ...computed.facts, timings: { tokenize: tokenizedAt - startedAt, ...computed.facts.timings } },
    };
  }

  /** Says how much is on its way. @returns to be called once it is tokenized, or cannot be. */
  private expect(tokens: number | null, { owner, timeLimit, priority }: RunOptions): () => void {
    if (tokens === null) return () => {};
    const release = this.rows.expect({ tokens, owner, timeLimit });
    const arrived = this.options.batcher.makeWayFor({ tokens, priority });
    return () => {
      release();
      arrived();
    };
  }
}

/** Turns of the event loop, shared by few: between any two of them, what came meanwhile is served. */
class LoopTurns {
  private readonly most: number;
  /** The last turn that was given, while it has not begun. */
  private last: { begin: Promise<void>; taken: number } | undefined;

  /** @param most how many share a turn. */
  constructor(most: number) {
    this.most = most;
  }

  /** Resolves in a turn that has a place left. */
  async next(): Promise<void> {
    if (this.last === undefined || this.last.taken === this.most) {
      const before = this.last?.begin ?? Promise.resolve();
      this.last = { begin: before.then(() => setImmediate()), taken: 0 };
    }
    const turn = this.last;
    turn.taken += 1;
    await turn.begin;
    if (this.last === turn) this.last = undefined;
  }
}
