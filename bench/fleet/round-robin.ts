import type { FleetRequest, Sending } from '../../src/bulk/fleet/fleet-policy.ts';

/** What {@link simulateFleet} asks: FleetPolicy, or something to compare it with. */
export interface Dispatcher {
  add: (request: FleetRequest) => void;
  assign: (now: number) => Sending<FleetRequest>[];
  wakeAt: (now: number) => number | null;
  answered: (server: number, number: number, now: number) => number[] | null;
  failed: (server: number, number: number, now: number) => void;
}

/**
 * The loop that one writes first: a pool of as many requests as the servers should hold, each sent to the next server in turn,
 * and after an error to the one behind it.
 */
export class RoundRobin implements Dispatcher {
  private readonly servers: number;
  private readonly most: number;
  private readonly waiting: FleetRequest[] = [];
  private readonly sent = new Map<number, { request: FleetRequest; server: number }>();
  private turn = 0;

  constructor(options: { servers: number; held: number }) {
    this.servers = options.servers;
    this.most = options.servers * options.held;
  }

  add(request: FleetRequest): void {
    this.waiting.push(request);
  }

  assign(): Sending<FleetRequest>[] {
    const sendings: Sending<FleetRequest>[] = [];
    while (this.sent.size < this.most) {
      const request = this.waiting.shift();
      if (request === undefined) break;
      const server = this.turn;
      this.turn = (this.turn + 1) % this.servers;
      this.sent.set(request.number, { request, server });
      sendings.push({ server, request });
    }
    return sendings;
  }

  wakeAt(): null {
    return null;
  }

  answered(server: number, number: number): number[] | null {
    if (this.sent.get(number)?.server !== server) return null;
    this.sent.delete(number);
    return [];
  }

  failed(server: number, number: number): void {
    const sent = this.sent.get(number);
    if (sent?.server !== server) return;
    this.sent.delete(number);
    this.waiting.unshift(sent.request);
  }
}
