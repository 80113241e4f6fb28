import type { BatchMeter } from './batch-meter.ts';
import { LaneTurns, type TurnOutcome } from './lane-turns.ts';
import type { PendingRequest } from './pending-request.ts';
import { type Priority, TURN_TOKENS } from './priority.ts';
import type { Entry } from './sequences-in-flight.ts';

/** Part of what bulk may fill that it fills of a quick batch. */
const QUICK_PART = 1 / 4;
/** Part of the batch that bulk has in its turn, however short its batches are kept: that of lanes which take turns. */
const LEAST_OF_TURN = 1 / 2;

/**
 * Requests that wait, served by deficit round-robin (Shreedhar & Varghese 1995): each turn a request may take
 * TURN_TOKENS more, so a request of one query gets past one of two thousand passages.
 *
 * There are two lanes. An interactive request has its first turn in the one; whatever is left after that continues in
 * the other, among the bulk. So a query is not behind every one of many large requests, and to call a large request
 * interactive gains a turn and costs the others no more.
 *
 * While both lanes wait, batches alternate. A quick one has the interactive requests, and bulk only up to a fraction of
 * what it may fill, so waiting for it takes little time. In the next, bulk has grown old: the lanes take turns, bulk first,
 * and the batch is full. So bulk has at least every other batch, and a query is in the next one, whichever it is.
 *
 * A query that comes while bulk has a batch to itself waits for that one. Where queries came lately, such a batch may be
 * kept smaller (`bulkPart`); then bulk fills that part, or half, before anything else when it has its turn.
 */
export class FairQueue {
  /** In the order of their next turn. */
  private readonly lanes: Record<Priority, Set<PendingRequest>> = { interactive: new Set(), bulk: new Set() };
  /** The batch before was a quick one. */
  private wasQuick = false;
  /** Tokens that a request counts for at most. */
  private readonly largestCount: number;
  private countedByOwner = new Map<string | undefined, number>();
  private tokenCount = 0;
  private counted = 0;
  private queryAt = Number.NEGATIVE_INFINITY;

  constructor(largestCount = Number.POSITIVE_INFINITY) {
    this.largestCount = largestCount;
  }

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

  /** Whether bulk waits, and nobody else. */
  get isBulkAlone(): boolean {
    return this.lanes.interactive.size === 0 && this.lanes.bulk.size > 0;
  }

  /** Whether the batch before was a quick one: bulk has the next. */
  get isBulksTurn(): boolean {
    return this.wasQuick;
  }

  /** When the latest query was submitted, an interactive request that one turn serves; -Infinity before the first. */
  get lastQueryAt(): number {
    return this.queryAt;
  }

  /** Tokens as admission counts them: of a large request only a part. */
  get countedTokens(): number {
    return this.counted;
  }

  /** The same, of one API key. */
  tokensOf(owner: string): number {
    return this.countedByOwner.get(owner) ?? 0;
  }

  push(request: PendingRequest): void {
    this.lanes[request.priority].add(request);
    const isQuery = request.priority === 'interactive' && request.queuedTokens <= TURN_TOKENS;
    if (isQuery) this.queryAt = request.submittedAt;
    this.count(request, 0, request.queuedTokens);
  }

  remove(request: PendingRequest): void {
    const { interactive, bulk } = this.lanes;
    if (interactive.delete(request) || bulk.delete(request)) this.count(request, request.queuedTokens, 0);
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
   *
   * @param bulkPart to what part of the meter bulk may fill it, in (0, 1].
   */
  takeBatch(meter: BatchMeter, bulkPart = 1): Entry[] {
    const batch: Entry[] = [];
    const interactive = new LaneTurns(this.lanes.interactive);
    const bulk = new LaneTurns(this.lanes.bulk);
    const bulkWaits = !bulk.isOver;

    /** Gives a lane's requests their turns until they have taken a turn's tokens together. */
    const give = (lane: LaneTurns, part = 1): void => {
      for (let spent = 0; spent < TURN_TOKENS && !lane.isOver; ) {
        const request = lane.next();
        const queuedBefore = request.queuedTokens;
        const outcome = takeTurn(request, meter, part, batch);
        (outcome === 'turn_over' ? bulk : lane).end(request, outcome);
        this.count(request, queuedBefore, request.queuedTokens);
        spent += queuedBefore - request.queuedTokens;
      }
    };

    if (this.wasQuick) {
      const part = Math.max(bulkPart, LEAST_OF_TURN);
      // Parts are of the whole batch: what interactive requests took before would be bulk's loss.
      while (part < 1 && !bulk.isOver) give(bulk, part);
      while (!bulk.isOver || !interactive.isOver) {
        give(bulk, part);
        give(interactive);
      }
      this.wasQuick = false;
    } else {
      while (!interactive.isOver) give(interactive);
      const isQuick = bulkWaits && batch.length > 0;
      while (!bulk.isOver) give(bulk, isQuick ? QUICK_PART * bulkPart : bulkPart);
      this.wasQuick = isQuick;
    }
    this.lanes.interactive = interactive.left();
    this.lanes.bulk = bulk.left();
    return batch;
  }

  private all(): PendingRequest[] {
    return [...this.lanes.interactive, ...this.lanes.bulk];
  }

  /** Of a request that had `before` tokens waiting, `after` are left. */
  private count({ owner }: PendingRequest, before: number, after: number): void {
    this.tokenCount += after - before;
    const counted = Math.min(after, this.largestCount) - Math.min(before, this.largestCount);
    this.counted += counted;
    const ofOwner = (this.countedByOwner.get(owner) ?? 0) + counted;
    if (ofOwner === 0) this.countedByOwner.delete(owner);
    else this.countedByOwner.set(owner, ofOwner);
  }
}

/** Gives a request its turn: another TURN_TOKENS to spend, as far as they and `part` of the meter reach. */
function takeTurn(request: PendingRequest, meter: BatchMeter, part: number, batch: Entry[]): TurnOutcome {
  request.deficit += TURN_TOKENS;
  for (let entry = request.peek(); entry !== undefined; entry = request.peek()) {
    if (entry.tokenIds.length > request.deficit) return 'turn_over';
    if (batch.length > 0 && !meter.fits(entry.tokenIds, part)) {
      // The turn was cut short by the batch, not by the request: the same turn continues in the next batch.
      request.deficit -= TURN_TOKENS;
      return 'passed_over';
    }
    meter.add(entry.tokenIds);
    batch.push(entry);
    request.deficit -= entry.tokenIds.length;
    request.advance();
  }
  return 'empty';
}
