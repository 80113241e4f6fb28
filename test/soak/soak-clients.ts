import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What the process of the clients is told to do until it is stopped. */
export interface SoakOrder {
  url: string;
  seed: number;
  clients: number;
  /** Most texts in a request. */
  maxTexts: number;
  /** Part of the requests that are given up at a random moment. */
  abortChance: number;
  /** A client whose connection is closed or refused ends, as one that turns to another server would. */
  endsWhenClosed: boolean;
}

/** What became of the requests so far. */
export interface SoakCounts {
  /** Right answers: 200, a unit vector for each text. */
  answered: number;
  /** Told to come again: 429 or 503 with `retry-after`. */
  refused: number;
  aborted: number;
  /** No connection could be made: nothing was sent. */
  unreached: number;
  /** Everything else. */
  failed: number;
  /** Of the failed ones, the first few. */
  problems: string[];
}

type Reply = { counts: SoakCounts };

/** Clients in a process of their own, which send as fast as they are answered. */
export class SoakClients {
  private readonly child: ChildProcess;

  constructor(order: SoakOrder) {
    this.child = fork(new URL('./soak-clients-process.js', import.meta.url));
    this.child.send(order);
  }

  counts(): Promise<SoakCounts> {
    return this.ask('count');
  }

  /** Resolves when every request under way has ended. */
  stop(): Promise<SoakCounts> {
    return this.ask('stop');
  }

  /** Ends the process. */
  close(): void {
    if (this.child.connected) this.child.disconnect();
  }

  private async ask(what: 'count' | 'stop'): Promise<SoakCounts> {
    this.child.send(what);
    const [{ counts }] = (await once(this.child, 'message')) as [Reply];
    return counts;
  }
}
