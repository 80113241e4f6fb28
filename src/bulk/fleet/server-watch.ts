/** What happens to a server, for the log. */
export interface FleetEvent {
  /** `waiting`: none has answered yet, this one among them. */
  kind: 'lost' | 'back' | 'excluded' | 'waiting';
  url: string;
  reason: string;
}

export interface WatchOptions {
  urls: readonly string[];
  /** For how long no server may answer before the run stops, in milliseconds. */
  patienceMs: number;
  onEvent: (event: FleetEvent) => void;
}

/** Which servers answer, and whether it is time to give up. When one is asked again, the policy says. */
export class ServerWatch {
  private readonly options: WatchOptions;
  /** Servers that did not answer when they were last asked, and why. */
  private readonly lostServers = new Map<number, string>();
  private readonly excludedServers = new Map<number, string>();
  private allLostSince: number | null = null;

  constructor(options: WatchOptions) {
    this.options = options;
  }

  /** Servers that answered when they were last asked, or were not asked yet. */
  get serversUp(): number {
    return this.options.urls.length - this.lostServers.size - this.excludedServers.size;
  }

  /** Whatever it said. */
  answered(server: number): void {
    this.allLostSince = null;
    if (this.lostServers.delete(server)) this.tell('back', server, 'it answers again');
  }

  /** @returns why the run must stop; null: it may go on. */
  lost(server: number, reason: string, now: number): string | null {
    if (!this.lostServers.has(server)) this.tell('lost', server, reason);
    this.lostServers.set(server, reason);
    return this.verdict(now);
  }

  /** It is of no use any more. @returns as {@link lost}. */
  excluded(server: number, reason: string, now: number): string | null {
    this.lostServers.delete(server);
    if (!this.excludedServers.has(server)) this.tell('excluded', server, reason);
    this.excludedServers.set(server, reason);
    return this.verdict(now);
  }

  private verdict(now: number): string | null {
    const { urls, patienceMs } = this.options;
    if (this.serversUp > 0) return null;
    this.allLostSince ??= now;
    const [lost] = this.lostServers;
    if (lost !== undefined && now - this.allLostSince < patienceMs) return null;
    const [server, reason] = lost ?? [...this.excludedServers][0] ?? [0, ''];
    const since = lost === undefined ? 'is left' : `has answered for ${Math.round(patienceMs / 1_000)} s`;
    return `No server ${since} (${urls[server]}: ${reason}). The same command goes on where this one stopped.`;
  }

  private tell(kind: FleetEvent['kind'], server: number, reason: string): void {
    this.options.onEvent({ kind, url: this.options.urls[server] as string, reason });
  }
}
