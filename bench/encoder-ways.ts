import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describeModel } from '../src/formats/describe-model.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import { compareServers, type SideResult } from './compare-servers.ts';
import { describeRun } from './describe-run.ts';
import { exitOnSignals } from './end-with-us.ts';
import { formatTable } from './format-table.ts';
import { gateServers } from './gate-servers.ts';
import { LoadGenerator } from './load-generator.ts';
import { figure, mebibytes, milliseconds } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import { type RequestLoad, SMALL_MODEL_LOADS } from './request-load.ts';
import { residentMemory } from './resident-memory.ts';
import { type RunningService, startService } from './service.ts';
import { sum } from './statistics.ts';
import { openWorkloads, type WorkloadName } from './workloads.ts';

//   node dist/bench/encoder-ways.js FOLDER
// A folder with both safetensors and an ONNX export: hotvec's own graph against the export, and int8 against fp32, over HTTP.
// What is longer than the model reads is cut.

const ROUNDS = 5;
const TURN_SECONDS = 1;
const CELL_SECONDS = 25;

interface Way {
  name: string;
  settings: Record<string, string>;
  /** Cosine to the way before it, at least. */
  lowestCosine: number;
}
const WAYS: readonly Way[] = [
  { name: 'ONNX export, fp32', settings: { WEIGHTS: 'onnx', DTYPE: 'fp32' }, lowestCosine: 0.99999 },
  { name: 'own graph, fp32', settings: { WEIGHTS: 'safetensors' }, lowestCosine: 0.99999 },
  { name: 'own graph, int8', settings: { WEIGHTS: 'safetensors', DTYPE: 'int8' }, lowestCosine: 0.97 },
];

exitOnSignals();
const folder = path.resolve(process.argv[2] ?? '');
const manifest = await describeModel({ name: path.basename(folder), folder });
const workloads = await openWorkloads(await loadNativeTokenizer(manifest.tokenizerFile));
const load = new LoadGenerator();
const services: RunningService[] = [];
const loaded: string[] = [];
for (const { settings } of WAYS) {
  const service = await startService(folder, { DEVICE: 'cpu', TRUNCATE: 'end', ...settings });
  services.push(service);
  loaded.push(engineMemory(service));
}
const rows: string[][] = [];
for (const [i, way] of WAYS.entries()) {
  const [before, service] = [services[i - 1], services[i] as RunningService];
  if (before === undefined) continue;
  const name = (WAYS[i - 1] as Way).name;
  await gateServers(
    [
      { name, url: before.url },
      { name: way.name, url: service.url },
    ],
    await gateTexts(),
    way.lowestCosine,
  );
  for (const one of SMALL_MODEL_LOADS) {
    rows.push([way.name, ...(await compare(one, service, before, name))]);
    process.stderr.write(`${rows.at(-1)?.join(', ')}\n`);
  }
}
const memory = WAYS.map(({ name }, i) => [name, loaded[i] as string, engineMemory(services[i] as RunningService)]);
for (const service of services) await service.stop();
load.stop();
const weights = mebibytes(statSync(path.join(folder, 'model.safetensors')).size);
console.log(`${describeRun()}. Inputs: ${workloads.source}. model.safetensors: ${weights}.

${formatTable([['', 'load', 'result', 'against', 'by processor time'], ...rows])}

${formatTable([['RSS of the engine', 'loaded', 'after all of that'], ...memory])}`);

async function gateTexts(): Promise<string[]> {
  const names: WorkloadName[] = ['q', 'p'];
  const items = await Promise.all(names.map((name, i) => workloads.take(name, 6, 800 + i)));
  return items.flat().map(({ input }) => input);
}

async function compare(
  { workload, textsPerRequest, clients }: RequestLoad,
  a: RunningService,
  b: RunningService,
  nameOfB: string,
): Promise<string[]> {
  const side = ({ url }: RunningService) => ({
    target: { url, path: '/v1/embeddings' },
    bodies: async (turn: number, count: number) =>
      requestBodies(await workloads.take(workload, count * textsPerRequest, 810 + turn), textsPerRequest, 'base64'),
  });
  const before = [a, b].map(processorSeconds);
  const found = await compareServers(load, [side(a), side(b)], {
    clients,
    rounds: ROUNDS,
    seconds: TURN_SECONDS,
    cellSeconds: CELL_SECONDS,
  });
  const [ofA = 0, ofB = 0] = [a, b].map((service, i) => processorSeconds(service) - (before[i] as number));
  const describe = ({ requestsPerSecond, p50, p99, failures }: SideResult) => {
    const failed = sum(Object.values(failures));
    const rate = `${figure(requestsPerSecond * textsPerRequest)} texts/s, p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}`;
    return failed === 0 ? rate : `${rate}, ${failed} failed`;
  };
  const what = `${workload} × ${textsPerRequest} a request, ${clients} client${clients === 1 ? '' : 's'}`;
  const against = `${figure(found.ratio)}× ${nameOfB}: ${describe(found.b)}; ${found.rounds} rounds`;
  return [what, describe(found.a), against, `${figure(ofB / ofA)}×`];
}

/** Of the engine so far, which others on the machine do not change much; both engines are sent the same. Linux only. */
function processorSeconds({ engineProcessId }: RunningService): number {
  const [, fields = ''] = readFileSync(`/proc/${engineProcessId}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

function engineMemory(service: RunningService): string {
  const memory = residentMemory(service);
  if (memory === null) return 'not known on this system';
  return `${mebibytes(memory.engine.all)}, ${mebibytes(memory.engine.anonymous)} of it not mapped files`;
}
