import { hash } from 'node:crypto';
import type { PendingRequest } from './pending-request.ts';

/** A sequence in flight: the unit that batches are made of, computed once for everybody who waits for it. */
export interface Entry {
  /** Names the token ids, and what is wanted of them: sequences with the same key are the same. */
  readonly key: string;
  readonly tokenIds: Int32Array;
  /** Whether a row per token is requested instead of one pooled row. */
  readonly perToken: boolean;
  /** Positions at which each request needs the row. Who gave up is not among them. */
  readonly waiters: Map<PendingRequest, number[]>;
  /** Whether a batch has it: it waits in no queue any more. */
  isTaken: boolean;
}

/**
 * Finds equal sequences of different requests between their arrival and their row.
 *
 * A sequence keeps a place in the queue of every request that brought it before a batch took it. The request whose turn
 * comes first takes it to the engine; the others skip it. So a request that gives up takes nothing away from the
 * others: a queued sequence continues in their places, and one in progress is delivered to those who are left. One that
 * no one is waiting for any more is forgotten with its last place.
 */
export class SequencesInFlight {
  /**
   * Where in `places` the entry of each key is. Not the entry itself: V8 links the table that a Map has outgrown to its
   * next one, so that once one of them is old, minor collections keep alive whatever the later ones held. Through its
   * waiters an entry holds whole requests, and they would all pile up until the next major collection.
   */
  private readonly placeOf = new Map<string, number>();
  private readonly places: (Entry | undefined)[] = [];
  private readonly freePlaces: number[] = [];

  /** Notes that `request` waits for these token ids. */
  join(tokenIds: Int32Array, request: PendingRequest, index: number, perToken = false): Entry {
    const key = hash('sha256', tokenIds, 'base64') + (perToken ? ' per token' : '');
    let entry = this.find(key);
    if (entry === undefined) {
      entry = { key, tokenIds, perToken, waiters: new Map(), isTaken: false };
      const place = this.freePlaces.pop() ?? this.places.length;
      this.places[place] = entry;
      this.placeOf.set(key, place);
    }
    const positions = entry.waiters.get(request);
    if (positions === undefined) entry.waiters.set(request, [index]);
    else positions.push(index);
    return entry;
  }

  /** `request` waits for it no longer. */
  leave(entry: Entry, request: PendingRequest): void {
    entry.waiters.delete(request);
    // One that is already in a batch is computed anyway: requests that arrive until then can still use it.
    if (entry.waiters.size === 0 && !entry.isTaken) this.end(entry);
  }

  /** It was answered, or will not be: the next request that brings it starts over. */
  end(entry: Entry): void {
    const place = this.placeOf.get(entry.key);
    if (place === undefined || this.places[place] !== entry) return;
    this.placeOf.delete(entry.key);
    this.places[place] = undefined;
    this.freePlaces.push(place);
  }

  private find(key: string): Entry | undefined {
    const place = this.placeOf.get(key);
    return place === undefined ? undefined : this.places[place];
  }
}
