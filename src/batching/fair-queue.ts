import type { BatchMeter } from './batch-meter.ts';
import type { PendingRequest } from './pending-request.ts';
import type { Entry } from './sequences-in-flight.ts';

/** Tokens a request may take per turn. Small enough that a one-line query is never more than a turn behind a book. */
const QUANTUM = 256;

/** Requests that did not fit before a batch counts as full: bounds the search when thousands wait. */
const LOOKAHEAD = 64;

/**
 * Requests that wait, served by deficit round-robin (Shreedhar & Varghese 1995): each turn a request may take QUANTUM
 * more tokens, so a request of one query passes beside one of two thousand passages.
 */
export class FairQueue {
  /** In the order of their next turn. */
  private ring = new Set<PendingRequest>();
  private tokensByOwner = new Map<string | undefined, number>();
  private tokenCount = 0;

  get requests(): number {
    return this.ring.size;
  }

  get tokens(): number {
    return this.tokenCount;
  }

  /** When the longest-waiting request was submitted. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { submittedAt } of this.ring) oldest = Math.min(oldest ?? submittedAt, submittedAt);
    return oldest;
  }

  tokensOf(owner: string): number {
    return this.tokensByOwner.get(owner) ?? 0;
  }

  push(request: PendingRequest): void {
    this.ring.add(request);
    this.count(request, request.queuedTokens);
  }

  remove(request: PendingRequest): void {
    if (this.ring.delete(request)) this.count(request, -request.queuedTokens);
  }

  /** Empties the queue. */
  drain(): PendingRequest[] {
    const all = [...this.ring];
    for (const request of all) this.remove(request);
    return all;
  }

  /**
   * Takes the next batch: as much as `meter` allows, and a sequence that alone exceeds it alone.
   *
   * A request whose next sequence does not fit is passed over for this batch and comes first in the next one, where
   * the batch is still empty: nothing starves behind a stream of smaller sequences.
   */
  takeBatch(meter: BatchMeter): Entry[] {
    const batch: Entry[] = [];
    const passedOver: PendingRequest[] = [];
    let turns = [...this.ring];
    while (turns.length > 0 && passedOver.length < LOOKAHEAD) {
      const again: PendingRequest[] = [];
      let taken = 0;
      for (const request of turns) {
        if (passedOver.length === LOOKAHEAD) break;
        taken += 1;
        const queuedBefore = request.queuedTokens;
        const outcome = takeTurn(request, meter, batch);
        this.count(request, request.queuedTokens - queuedBefore);
        if (outcome === 'passed_over') passedOver.push(request);
        else if (outcome === 'turn_over') again.push(request);
      }
      turns = [...turns.slice(taken), ...again];
    }
    this.ring = new Set([...passedOver, ...turns]);
    return batch;
  }

  private count({ owner }: PendingRequest, tokens: number): void {
    this.tokenCount += tokens;
    const ofOwner = (this.tokensByOwner.get(owner) ?? 0) + tokens;
    if (ofOwner === 0) this.tokensByOwner.delete(owner);
    else this.tokensByOwner.set(owner, ofOwner);
  }
}

/** Gives a request its turn: another QUANTUM of tokens to spend, as far as they and the meter reach. */
function takeTurn(request: PendingRequest, meter: BatchMeter, batch: Entry[]): 'passed_over' | 'turn_over' | 'empty' {
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
