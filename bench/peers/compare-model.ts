import path from 'node:path';
import process from 'node:process';
import { describeModel } from '../../src/formats/describe-model.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { findModel, ServerError } from '../api-server.ts';
import { describeRun } from '../describe-run.ts';
import { sequenceFlops } from '../flops.ts';
import type { LoadGenerator } from '../load-generator.ts';
import { LARGE_FLOPS_PER_TOKEN } from '../open-bench.ts';
import { familyMemory } from '../process-memory.ts';
import type { RequestLoad } from '../request-load.ts';
import { startService } from '../service.ts';
import { openWorkloads } from '../workloads.ts';
import { judgeAccuracy, measureAccuracy, type Reference } from './gate-peer.ts';
import { FreshTexts, measureLoad } from './measure-peer.ts';
import { PeerScript, type StartedServer } from './peer-script.ts';
import { loadsOf, type Peer, type Precision } from './peers.ts';
import type { LoadLine, PeerSection, ServerLine } from './peers-report.ts';
import type { PeersOptions } from './read-peers-options.ts';

/** Tokens of the longest text, unless the model reads less: what peers must have room for, many times over. */
const LONGEST = 1024;

/** A model, and what its peers are measured with. */
interface Setup {
  folder: string;
  longest: number;
  loads: (peer: Peer) => RequestLoad[];
  texts: FreshTexts;
  gate: readonly string[];
  reference: Reference;
  options: PeersOptions;
  generator: LoadGenerator;
}

/** hotvec with each of the peers in turn, only two servers at a time. @throws {ServerError} where there is no reference. */
export async function* compareModel(
  folder: string,
  options: PeersOptions,
  generator: LoadGenerator,
  notInstalled: ReadonlyMap<string, string>,
): AsyncGenerator<PeerSection> {
  const name = path.basename(folder);
  const manifest = await describeModel({ name, folder });
  const workloads = await openWorkloads(await loadNativeTokenizer(manifest.tokenizerFile));
  const isLarge = sequenceFlops(manifest.cost, 1) > LARGE_FLOPS_PER_TOKEN;
  const longest = Math.min(manifest.maxTokens, LONGEST);
  const texts = new FreshTexts(workloads, longest);
  // Of unlike lengths, so that there is padding to go wrong.
  const items = [...(await texts.take('q', 6)), ...(await texts.take('p', 4)), ...(await texts.take('qi', 2))];
  const gate = items.map(({ input }) => input).slice(0, options.quick ? 3 : undefined);
  say(`${name}: the reference`);
  const reference = await computeReference(folder, gate, options.folder);
  const setup: Setup = {
    folder,
    longest,
    loads: (peer) => loadsOf(peer, isLarge).slice(0, options.quick ? 1 : undefined),
    texts,
    gate,
    reference,
    options,
    generator,
  };
  for (const peer of options.peers) {
    if (setup.loads(peer).length === 0) continue;
    const section = { model: name, title: peer.title, loads: [], servers: [], complaints: [] };
    const taken = `${describeRun()}. Inputs: ${workloads.source}. Reference: ${reference.versions}.`;
    const failure = peer.script === null ? undefined : notInstalled.get(peer.script);
    if (failure !== undefined) {
      yield { ...section, taken, failure };
      continue;
    }
    yield await comparePeer(peer, setup).then(
      ({ versions, ...measured }) => ({ ...section, ...measured, taken: `${taken} Peer: ${versions}.` }),
      (error: unknown) => {
        if (!(error instanceof ServerError)) throw error;
        return { ...section, taken, failure: error.message };
      },
    );
  }
}

async function computeReference(model: string, texts: readonly string[], folder: string): Promise<Reference> {
  const script = new PeerScript('sentence-transformers.sh', folder);
  return JSON.parse(await script.ask('reference', [model], JSON.stringify(texts))) as Reference;
}

type Measured = Pick<PeerSection, 'loads' | 'servers' | 'complaints'> & { versions: string };

/** @throws {ServerError} where the peer cannot be started, or stops answering. */
async function comparePeer(peer: Peer, setup: Setup): Promise<Measured> {
  say(`${peer.id}: starting`);
  const { folder, longest } = setup;
  const script = peer.script === null ? null : new PeerScript(peer.script, setup.options.folder);
  const versions = script === null ? 'the same commit' : await script.versions();
  const other = script === null ? await startHotvec(folder, 'fp32') : await script.start(folder, longest, peer.options);
  try {
    const theirs = await openServer(peer.id, peer.precision, other, setup);
    const loads: LoadLine[] = [];
    const servers: ServerLine[] = [];
    const complaints = [...theirs.complaints];
    for (const precision of peer.against) {
      const started = await startHotvec(folder, precision);
      try {
        const ours = await openServer(`hotvec ${precision}`, precision, started, setup);
        complaints.push(...ours.complaints);
        for (const load of setup.loads(peer)) {
          const sides = [{ ...ours.server, precision }, theirs.server] as const;
          const line = await measureLoad(setup.generator, sides, load, setup.texts, setup.options);
          say(`${peer.id}: hotvec ${precision}, ${line.load}: ${line.ratio.toFixed(2)}`);
          loads.push(line);
        }
        servers.push(ours.describe());
      } finally {
        await started.stop();
      }
    }
    return { loads, servers: [...servers, theirs.describe()], complaints, versions };
  } finally {
    await other.stop();
  }
}

async function startHotvec(model: string, dtype: 'fp32' | 'int8'): Promise<StartedServer> {
  return startService(model, { DEVICE: 'cpu', DTYPE: dtype });
}

/** A server that passed or failed the gate, to be described once its loads are over. */
async function openServer(name: string, precision: Precision, { url, processId }: StartedServer, setup: Setup) {
  const server = { name, url };
  const model = await findModel(server);
  const accuracy = await measureAccuracy(server, model, setup.gate, setup.reference);
  const loaded = familyMemory(processId);
  return {
    server: { ...server, model },
    complaints: judgeAccuracy(name, precision, accuracy),
    describe: (): ServerLine => ({ name, accuracy, memory: [loaded, familyMemory(processId)] }),
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
