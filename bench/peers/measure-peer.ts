import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, targetOf } from '../api-server.ts';
import { compareServers } from '../compare-servers.ts';
import { EMBEDDINGS_PATH } from '../embedding-server.ts';
import type { LoadGenerator } from '../load-generator.ts';
import { requestBodies } from '../request-bodies.ts';
import type { RequestLoad } from '../request-load.ts';
import { sum } from '../statistics.ts';
import type { WorkItem, Workloads } from '../workloads.ts';
import type { LoadLine } from './peers-report.ts';

/** Before each turn: threads of the server before, which wait awake for more, go to sleep. */
const PAUSE_MS = 250;

/** Where texts come from that no server has seen, none longer than the models read. */
export class FreshTexts {
  private seed = 0;
  private readonly workloads: Workloads;
  private readonly longest: number;

  /** @param longest tokens of the longest text that is taken, special tokens included. */
  constructor(workloads: Workloads, longest: number) {
    this.workloads = workloads;
    this.longest = longest;
  }

  /** The next `count` texts of a workload. */
  async take(name: RequestLoad['workload'], count: number): Promise<WorkItem[]> {
    const taken: WorkItem[] = [];
    while (taken.length < count) {
      const drawn = await this.workloads.take(name, count, this.seed++);
      taken.push(...drawn.filter(({ ids }) => ids.length <= this.longest));
    }
    return taken.slice(0, count);
  }
}

/** How a load is spread over time. */
export interface Pace {
  rounds: number;
  seconds: number;
  cellSeconds: number;
}

/** One load on hotvec and a peer, in turns A B B A, the same texts to both. */
export async function measureLoad(
  generator: LoadGenerator,
  servers: readonly [Server & { precision: string }, Server],
  load: RequestLoad,
  texts: FreshTexts,
  pace: Pace,
): Promise<LoadLine> {
  const { workload, textsPerRequest, clients } = load;
  const turns = new Map<number, Promise<WorkItem[]>>();
  const itemsOf = (turn: number, count: number) => {
    const known = turns.get(turn) ?? texts.take(workload, count * textsPerRequest);
    turns.set(turn, known);
    return known;
  };
  const side = (server: Server) => ({
    target: targetOf(server, EMBEDDINGS_PATH),
    bodies: async (turn: number, count: number) => {
      const { model = 'model' } = server;
      const items = await itemsOf(turn, count);
      await sleep(PAUSE_MS);
      return requestBodies(items, textsPerRequest, 'base64', { model });
    },
  });
  const found = await compareServers(generator, [side(servers[0]), side(servers[1])], { clients, ...pace });
  const items = (await Promise.all(turns.values())).flat();
  const tokensPerRequest = (textsPerRequest * sum(items.map(({ ids }) => ids.length))) / items.length;
  const { a, b, ratio, rounds } = found;
  return {
    precision: servers[0].precision,
    load: `${workload} × ${textsPerRequest}, ${clients} client${clients === 1 ? '' : 's'}`,
    tokensPerSecond: [a.requestsPerSecond * tokensPerRequest, b.requestsPerSecond * tokensPerRequest],
    p50: [a.p50, b.p50],
    ratio,
    rounds,
    failures: [sum(Object.values(a.failures)), sum(Object.values(b.failures))],
  };
}
