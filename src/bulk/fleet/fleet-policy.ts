import { FleetServer } from './fleet-server.ts';
import { RequestQueue } from './request-queue.ts';

/** What a server is asked to compute at once: some texts. */
export interface FleetRequest {
  /** Its place in the input: of requests that must be sent again, the lowest goes first. */
  number: number;
  /** What it costs, in tokens, or in anything else that is proportional to the time it takes. */
  cost: number;
}

export interface FleetOptions {
  servers: number;
  /** Requests that a server holds at a time: the second travels and waits while the first is computed. */
  held: number;
  /** Servers that may hold the same request at a time; 1: nothing is sent twice while somebody may still answer it. */
  holders: number;
  /** How long a server that failed is left alone, in milliseconds; doubled with each failure in a row, up to `longestRestMs`. */
  restMs: number;
  longestRestMs: number;
}

/** Chosen with `bench/fleet/`; docs/scale.md says what was seen. */
export const FLEET_DEFAULTS: Omit<FleetOptions, 'servers'> = {
  held: 2,
  holders: 3,
  restMs: 1_000,
  longestRestMs: 60_000,
};

/** To be sent now. Another server may hold the same request; whichever answers first counts. */
export interface Sending<Request extends FleetRequest> {
  server: number;
  request: Request;
}

/** A copy may take at most this share of the time that the request is still expected to need where it is. */
const COPY_GAIN = 0.75;
/** As many of the requests that were sent first are looked at whenever something is sent. */
const LOOKED_AT = 16;
/** A server of less than this share of the fleet's pace holds one request at a time. */
const SLOW = 0.5;
/** Until one looks again whether a copy is worth it, where none was. */
const LOOK_AGAIN_MS = 100;

interface Flight<Request> {
  request: Request;
  holders: Set<FleetServer>;
}

/**
 * Decides which server of a fleet gets which request, and when a request is sent to a second one. It sends nothing and has no clock:
 * whoever does tells it what happened and when (milliseconds), and then sends what {@link FleetPolicy.assign} returns.
 *
 * - Servers pull. Whoever has room gets the next request, so that each does as much as it can, and nobody needs to know its speed.
 * - What a server that failed had goes to the next one, before anything new. The server rests, longer after each failure in a row,
 *   and is then tried with one request. One that says when to come back rests so long.
 * - A request that is late by as long as it takes is sent to a second server before anything new. And when nothing is left to
 *   hand out (at the end, or as far as the caller reads ahead), a server with nothing to do gets a copy of the request that is expected
 *   last, if that gains a quarter of the time. That is speculative execution as in MapReduce (Dean and Ghemawat, 2004), by the
 *   estimated time to the end as in LATE (Zaharia et al., 2008).
 * - A server that still holds a request after its time, when another has answered it, is taken for one that failed: it may be gone
 *   without having said so.
 */
export class FleetPolicy<Request extends FleetRequest> {
  private readonly options: FleetOptions;
  private readonly servers: FleetServer[];
  private readonly withRoom: Set<FleetServer>;
  private readonly flights = new Map<number, Flight<Request>>();
  private readonly waiting = new RequestQueue<Request>();
  private sumOfPaces = 0;
  private paces = 0;
  private lookAt = Number.NEGATIVE_INFINITY;

  constructor(options: FleetOptions) {
    this.options = options;
    this.servers = Array.from({ length: options.servers }, (_, index) => new FleetServer(index));
    this.withRoom = new Set(this.servers);
  }

  /** Work, in the order in which it is to be done. */
  add(request: Request): void {
    this.waiting.add(request);
  }

  /** What is to be sent now: to be asked after {@link add}, after all that happens, and at {@link wakeAt}. */
  assign(now: number): Sending<Request>[] {
    const sendings: Sending<Request>[] = [];
    const idle: FleetServer[] = [];
    const late = this.findLate(now);
    for (const server of this.withRoom) {
      if (server.restsUntil > now) continue;
      while (this.hasRoom(server)) {
        const last = late.at(-1);
        const request = last !== undefined && !server.held.has(last.number) ? late.pop() : this.waiting.take();
        if (request === undefined) break;
        sendings.push(this.send(server, request, now));
      }
      if (server.held.size === 0) idle.push(server);
    }
    if (idle.length > 0 && now >= this.lookAt) {
      const copies = this.copy(idle, now);
      if (copies.length === 0) this.lookAt = now + LOOK_AGAIN_MS;
      sendings.push(...copies);
    }
    return sendings;
  }

  /** When {@link assign} may have something to send although nothing happens until then; null: never. */
  wakeAt(now: number): number | null {
    const resting = this.servers.filter(({ isExcluded, restsUntil }) => !isExcluded && restsUntil > now);
    const times = resting.map(({ restsUntil }) => restsUntil);
    const isAnyIdle = [...this.withRoom].some(({ held, restsUntil }) => held.size === 0 && restsUntil <= now);
    if (isAnyIdle && this.flights.size > 0) times.push(Math.max(now + 1, this.lookAt));
    return times.length === 0 ? null : times.reduce((first, time) => Math.min(first, time));
  }

  /**
   * @returns the other servers that hold the request, which the caller stops from computing it; null: another answer came first,
   * and this one does not count.
   */
  answered(index: number, number: number, now: number): number[] | null {
    const server = this.server(index);
    const flight = this.flights.get(number);
    if (flight === undefined || !flight.holders.delete(server)) return null;
    this.changePace(server, () => server.answered(number, now));
    this.drop(server, number);
    this.flights.delete(number);
    const fleetPace = this.fleetPace();
    for (const other of flight.holders) {
      if (now > other.expectedEnd(number, other.pace() ?? fleetPace)) this.rest(other, now);
      this.drop(other, number);
    }
    return [...flight.holders].map((other) => other.index);
  }

  /** A server said when to come back: 429 and 503 with `retry-after`. */
  refused(index: number, number: number, now: number, retryAfterMs: number): void {
    const server = this.server(index);
    server.restsUntil = Math.max(server.restsUntil, now + retryAfterMs);
    this.giveBack(server, number);
  }

  /** No connection, a broken one, no answer in time, or an answer that is the server's fault. */
  failed(index: number, number: number, now: number): void {
    const server = this.server(index);
    if (!server.held.has(number)) return;
    this.rest(server, now);
    this.giveBack(server, number);
  }

  /** It is not used again: it has other vectors, or does not take the key. What it holds goes to others. */
  exclude(index: number): void {
    const server = this.server(index);
    server.isExcluded = true;
    for (const number of [...server.held.keys()]) this.giveBack(server, number);
    this.withRoom.delete(server);
  }

  private server(index: number): FleetServer {
    const server = this.servers[index];
    if (server === undefined) throw new RangeError(`There is no server ${index}.`);
    return server;
  }

  /** A second request would wait long where the first takes long. */
  private hasRoom(server: FleetServer): boolean {
    const isSlow = (server.pace() ?? Number.POSITIVE_INFINITY) < SLOW * this.fleetPace();
    return server.hasRoom(isSlow ? 1 : this.options.held);
  }

  private send(server: FleetServer, request: Request, now: number): Sending<Request> {
    server.hold(request.number, request.cost, now);
    if (!this.hasRoom(server)) this.withRoom.delete(server);
    const flight = this.flights.get(request.number);
    if (flight === undefined) this.flights.set(request.number, { request, holders: new Set([server]) });
    else flight.holders.add(server);
    return { server: server.index, request };
  }

  private drop(server: FleetServer, number: number): void {
    server.held.delete(number);
    if (this.hasRoom(server)) this.withRoom.add(server);
  }

  private giveBack(server: FleetServer, number: number): void {
    const flight = this.flights.get(number);
    if (flight === undefined || !flight.holders.delete(server)) return;
    this.drop(server, number);
    if (flight.holders.size > 0) return;
    this.flights.delete(number);
    this.waiting.giveBack(flight.request);
  }

  private rest(server: FleetServer, now: number): void {
    this.changePace(server, () => server.failed(now, this.options.restMs, this.options.longestRestMs));
  }

  /** Of those sent first, the requests that are late by as long as they take, wherever they are. */
  private findLate(now: number): Request[] {
    const late: Request[] = [];
    const fleetPace = this.fleetPace();
    let looked = 0;
    for (const { request, holders } of this.flights.values()) {
      if (++looked > LOOKED_AT) break;
      const ends = [...holders].map((holder) => holder.expectedEnd(request.number, holder.pace() ?? fleetPace));
      if (now > Math.min(...ends) + request.cost / fleetPace && holders.size < this.options.holders) late.push(request);
    }
    return late;
  }

  /** Gives servers with nothing to do the requests that are expected last. */
  private copy(idle: readonly FleetServer[], now: number): Sending<Request>[] {
    const fleetPace = this.fleetPace();
    const late = [...this.flights.values()]
      .filter(({ holders }) => holders.size < this.options.holders)
      .map(({ request, holders }) => {
        const ends = [...holders].map((holder) => {
          const end = holder.expectedEnd(request.number, holder.pace() ?? fleetPace);
          // What should have ended takes as long again as it is late.
          return end < now ? now + (now - end) : end;
        });
        return { request, left: Math.min(...ends) - now };
      })
      .sort((a, b) => a.left - b.left);
    const sendings: Sending<Request>[] = [];
    for (const server of idle) {
      const last = late.at(-1);
      if (last === undefined) break;
      const here = last.request.cost / (server.pace() ?? fleetPace);
      if (here > COPY_GAIN * last.left || here === Number.POSITIVE_INFINITY) continue;
      sendings.push(this.send(server, last.request, now));
      late.pop();
    }
    return sendings;
  }

  /** Cost a millisecond and server; before anybody has answered it is 0: nothing is late then. */
  private fleetPace(): number {
    return this.paces === 0 ? 0 : this.sumOfPaces / this.paces;
  }

  private changePace(server: FleetServer, change: () => void): void {
    const before = server.pace();
    change();
    const after = server.pace();
    this.sumOfPaces += (after ?? 0) - (before ?? 0);
    this.paces += Number(after !== null) - Number(before !== null);
  }
}
