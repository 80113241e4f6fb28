import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeRandomWeights } from '../scripts/random-weights.ts';
import type { EncodingFormat } from '../src/http/answers/encode-rows.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, mebibytes, milliseconds, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import { residentMemory } from './resident-memory.ts';
import { type RunningService, startService } from './service.ts';
import { median, percentile } from './statistics.ts';

/** Components of a vector, as those of potion-base-8M. */
const WIDTH = 256;
const TEXTS_PER_REQUEST = 256;
const CLIENTS = 8;
const REQUESTS = 200;
const SEED = 31;

/** Texts a second of a static model with the starter's tokenizer and a random table: all but the model is what it measures. */
export async function* measureStatic(bench: EngineBench): AsyncGenerator<Row> {
  if (bench.manifest.name !== 'starter') return;
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-static-'));
  let service: RunningService | undefined;
  try {
    await writeStaticModel(folder, bench);
    service = await startService(folder, { DEVICE: 'cpu' });
    for (const format of ['base64', 'float'] as const) yield await measureFormat(bench, service, folder, format);
  } finally {
    await service?.stop();
    rmSync(folder, { recursive: true });
  }
}

/** As sentence-transformers saves it. */
async function writeStaticModel(folder: string, { manifest }: EngineBench): Promise<void> {
  const { tokenizerFile, vocabularySize } = manifest;
  copyFileSync(tokenizerFile, path.join(folder, 'tokenizer.json'));
  writeFileSync(
    path.join(folder, 'modules.json'),
    JSON.stringify([{ type: 'sentence_transformers.models.StaticEmbedding', path: '' }]),
  );
  const table = { name: 'embedding.weight', shape: [vocabularySize, WIDTH], mean: 0, deviation: 1 };
  await writeRandomWeights(folder, [table], SEED);
}

async function measureFormat(
  { manifest, workloads, load, options }: EngineBench,
  service: RunningService,
  folder: string,
  format: EncodingFormat,
): Promise<Row> {
  const requests = options.quick ? CLIENTS : REQUESTS;
  const rates: number[] = [];
  const latencies: number[] = [];
  // The first warms up.
  for (let round = 0; round <= options.rounds; round++) {
    const items = await workloads.take('q', requests * TEXTS_PER_REQUEST, SEED + round);
    const result = await load.sendWithoutFailure({
      target: { url: service.url, path: '/v1/embeddings' },
      bodies: requestBodies(items, TEXTS_PER_REQUEST, format),
      manner: { clients: CLIENTS },
    });
    if (round === 0) continue;
    rates.push((requests * TEXTS_PER_REQUEST) / result.seconds);
    latencies.push(...result.latencies);
  }
  const rate = median(rates);
  const [p50, p99] = [0.5, 0.99].map((fraction) => milliseconds(percentile(latencies, fraction)));
  const memory = residentMemory(service);
  const tableBytes = statSync(path.join(folder, 'model.safetensors')).size;
  const beyond = memory === null ? '' : `; engine ${mebibytes(memory.engine.all - tableBytes)} beyond its table`;
  return {
    model: manifest.name,
    measure: `static model of ${WIDTH} components, q × ${TEXTS_PER_REQUEST} a request, ${format}, ${CLIENTS} clients`,
    result: `${figure(rate)} texts/s, ${figure(rate / TEXTS_PER_REQUEST)} requests/s`,
    against: `p50 ${p50}, p99 ${p99}; ${rates.length} rounds${beyond}`,
    ...(format === 'base64' ? { targets: { staticTextRate: rate } } : {}),
  };
}
