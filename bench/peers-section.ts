import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writePaddedExport } from '../scripts/padded-export.ts';
import { compareServers, type SideResult } from './compare-servers.ts';
import { gateServers } from './gate-servers.ts';
import type { EngineBench } from './open-bench.ts';
import { startTransformersServer } from './peers/start-transformers-server.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import type { RequestLoad } from './request-load.ts';
import { startService } from './service.ts';
import { sum } from './statistics.ts';
import type { WorkloadName } from './workloads.ts';

/** Two servers with the same weights in fp32. */
const LOWEST_COSINE = 0.9999;
const TURN_SECONDS = 0.5;

const LOADS: RequestLoad[] = [
  { workload: 'q', textsPerRequest: 1, clients: 32 },
  { workload: 'q', textsPerRequest: 256, clients: 4 },
  { workload: 'p', textsPerRequest: 16, clients: 8 },
  { workload: 'mix', textsPerRequest: 16, clients: 4 },
];
const LARGE_LOADS: RequestLoad[] = [
  { workload: 'q', textsPerRequest: 1, clients: 8 },
  { workload: 'mix', textsPerRequest: 4, clients: 1 },
];

/** A server with the same weights, in an ONNX export. */
interface Peer {
  name: string;
  start: (bench: EngineBench, folder: string) => Promise<{ url: string; stop: () => Promise<void> }>;
}

const PEERS: Peer[] = [
  {
    name: "hotvec's padded path",
    async start({ manifest, options }, folder) {
      writePaddedExport(manifest, folder, 'right');
      return startService(folder, { DEVICE: options.device });
    },
  },
  {
    name: 'Fastify + transformers.js',
    async start({ manifest }, folder) {
      // Its pipeline takes the last slot of every text for the last token.
      writePaddedExport(manifest, folder, 'either');
      return startTransformersServer(folder);
    },
  },
];

/** hotvec and the other npm packages that can serve the same weights, on the same requests. */
export async function* measurePeers(bench: EngineBench): AsyncGenerator<Row> {
  const { device, dtype } = bench.options;
  // The peers compute in fp32 on the CPU: anything else would compare precisions.
  if (device !== 'cpu' || (dtype !== 'auto' && dtype !== 'fp32')) return;
  const { url } = await bench.service();
  for (const peer of PEERS) {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-bench-'));
    const other = await peer.start(bench, path.join(folder, 'model')).catch((error: unknown) => {
      rmSync(folder, { recursive: true });
      throw error;
    });
    try {
      const texts = await gateTexts(bench);
      const servers = [
        { name: 'hotvec', url },
        { name: peer.name, url: other.url, model: 'model' },
      ] as const;
      await gateServers(servers, texts, LOWEST_COSINE);
      const loads = bench.isLarge ? LARGE_LOADS : LOADS;
      for (const load of bench.options.quick ? loads.slice(0, 1) : loads)
        yield await measure(bench, load, peer.name, url, other.url);
    } finally {
      await other.stop();
      rmSync(folder, { recursive: true });
    }
  }
}

/** Texts of unlike lengths, so that there is padding to go wrong; few for a model that computes for seconds on each. */
async function gateTexts({ workloads, isLarge }: EngineBench): Promise<string[]> {
  const names: WorkloadName[] = isLarge ? ['q', 'p'] : ['q', 'p', 'mix'];
  const items = await Promise.all(names.map((name, i) => workloads.take(name, isLarge ? 2 : 4, 800 + i)));
  return items.flat().map(({ input }) => input);
}

async function measure(
  bench: EngineBench,
  load: RequestLoad,
  name: string,
  url: string,
  otherUrl: string,
): Promise<Row> {
  const { workload, textsPerRequest, clients } = load;
  const { options, workloads } = bench;
  const side = (server: string) => ({
    target: { url: server, path: '/v1/embeddings' },
    bodies: async (turn: number, count: number) =>
      requestBodies(await workloads.take(workload, count * textsPerRequest, 810 + turn), textsPerRequest, 'base64'),
  });
  const { a, b, ratio, rounds } = await compareServers(bench.load, [side(url), side(otherUrl)], {
    clients,
    rounds: options.rounds,
    seconds: options.quick ? 0.1 : TURN_SECONDS,
    cellSeconds: options.cellSeconds,
  });
  const describe = ({ requestsPerSecond, p50, p99, failures }: SideResult) => {
    const failed = sum(Object.values(failures));
    const rate = `${figure(requestsPerSecond * textsPerRequest)} texts/s, p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}`;
    return failed === 0 ? rate : `${rate}, ${failed} failed`;
  };
  return {
    model: bench.manifest.name,
    measure: `peers, ${workload} × ${textsPerRequest} a request, base64, ${clients} clients`,
    result: describe(a),
    against: `${figure(ratio)}× ${name}: ${describe(b)}; ${rounds} rounds`,
  };
}
