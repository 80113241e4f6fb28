import type { BatchMeter } from './batch-meter.ts';
import { LaneTurns, type TurnOutcome } from './lane-turns.ts';
import type { PendingRequest } from './pending-request.ts';
import type { Entry } from './sequences-in-flight.ts';

/** Tokens a request may take per turn, and a lane too. Small enough that a query is never more than a turn behind a book. */
const QUANTUM = 256;

/** Requests of at most a turn's tokens are interactive, larger ones bulk. */
type LaneName = 'interactive' | 'bulk';

/**
 * Requests that wait, served by deficit round-robin (Shreedhar & Varghese 1995): each turn a request may take QUANTUM
 * more tokens, so a request of one query passes beside one of two thousand passages.
 *
 * Small requests and large ones have lanes that take turns in the same way, the small ones first: a query is not behind
 * every one of many large requests. A lane that got nothing in a batch leads the next, so neither starves.
 */
export class FairQueue {
  /** In the order of their next turn. */
  private readonly lanes: Record<LaneName, Set<PendingRequest>> = { interactive: new Set(), bulk: new Set() };
  private leader: LaneName = 'interactive';
  private tokensByOwner = new Map<string | undefined, number>();
  private tokenCount = 0;

  get requests(): number {
    return this.lanes.interactive.size + this.lanes.bulk.size;
  }

  get tokens(): number {
    return this.tokenCount;
  }

  /** When the longest-waiting request was submitted. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { submittedAt } of this.all()) oldest = Math.min(oldest ?? submittedAt, submittedAt);
    return oldest;
  }

  tokensOf(owner: string): number {
    return this.tokensByOwner.get(owner) ?? 0;
  }

  push(request: PendingRequest): void {
    this.lanes[laneOf(request)].add(request);
    this.count(request, request.queuedTokens);
  }

  remove(request: PendingRequest): void {
    if (this.lanes[laneOf(request)].delete(request)) this.count(request, -request.queuedTokens);
  }

  /** Empties the queue. */
  drain(): PendingRequest[] {
    const all = this.all();
    for (const request of all) this.remove(request);
    return all;
  }

  /**
   * Takes the next batch: as much as `meter` allows, and a sequence that alone exceeds it alone.
   *
   * A request whose next sequence does not fit is passed over for this batch and comes first in its lane's next one:
   * nothing starves behind a stream of smaller sequences.
   */
  takeBatch(meter: BatchMeter): Entry[] {
    const batch: Entry[] = [];
    const turns = { interactive: new LaneTurns(this.lanes.interactive), bulk: new LaneTurns(this.lanes.bulk) };
    const taken = { interactive: 0, bulk: 0 };
    for (let lane = this.leader; !turns.interactive.isOver || !turns.bulk.isOver; lane = other(lane)) {
      for (let spent = 0; spent < QUANTUM && !turns[lane].isOver; ) {
        const request = turns[lane].next();
        const queuedBefore = request.queuedTokens;
        turns[lane].end(request, takeTurn(request, meter, batch));
        const tokens = queuedBefore - request.queuedTokens;
        this.count(request, -tokens);
        spent += tokens;
        taken[lane] += tokens;
      }
    }
    this.lanes.interactive = turns.interactive.left();
    this.lanes.bulk = turns.bulk.left();
    this.leader = taken.bulk === 0 && this.lanes.bulk.size > 0 ? 'bulk' : 'interactive';
    return batch;
  }

  private all(): PendingRequest[] {
    return [...this.lanes.interactive, ...this.lanes.bulk];
  }

  private count({ owner }: PendingRequest, tokens: number): void {
    this.tokenCount += tokens;
    const ofOwner = (this.tokensByOwner.get(owner) ?? 0) + tokens;
    if (ofOwner === 0) this.tokensByOwner.delete(owner);
    else this.tokensByOwner.set(owner, ofOwner);
  }
}

function laneOf({ tokens }: PendingRequest): LaneName {
  return tokens <= QUANTUM ? 'interactive' : 'bulk';
}

function other(lane: LaneName): LaneName {
  return lane === 'interactive' ? 'bulk' : 'interactive';
}

/** Gives a request its turn: another QUANTUM of tokens to spend, as far as they and the meter reach. */
function takeTurn(request: PendingRequest, meter: BatchMeter, batch: Entry[]): TurnOutcome {
  request.deficit += QUANTUM;
  for (let entry = request.peek(); entry !== undefined; entry = request.peek()) {
    if (entry.tokenIds.length > request.deficit) return 'turn_over';
    if (batch.length > 0 && !meter.fits(entry.tokenIds)) return 'passed_over';
    meter.add(entry.tokenIds);
    batch.push(entry);
    request.deficit -= entry.tokenIds.length;
    request.advance();
  }
  return 'empty';
}
