import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatOf } from '../src/formats/formats.ts';
import { resolveModel } from '../src/model-files/resolve-model.ts';
import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, type Row } from './report.ts';
import { describeMemory } from './resident-memory.ts';
import { startService } from './service.ts';
import { median } from './statistics.ts';
import type { TargetId } from './targets.ts';

/** One way to start. */
interface Variant {
  what: string;
  settings: Record<string, string>;
  target?: TargetId;
  /** What is done before each start. */
  prepare?: () => void;
}

/** From `hotvec serve` to the first vector. The files are in the page cache: the benchmark itself has loaded them. */
export async function* measureStart(bench: EngineBench): AsyncGenerator<Row> {
  const { setting, manifest, isLarge, options } = bench;
  const own = { DEVICE: options.device, DTYPE: options.dtype };
  const variants: Variant[] = [
    { what: 'start', settings: own, target: isLarge ? 'coldStartFull' : 'coldStart' },
    { what: 'start without prepacking', settings: { ...own, PREPACKING: '0' }, target: 'coldStartPlain' },
  ];
  for (const variant of variants) yield await measure(bench, setting, variant);
  if (options.device !== 'cpu' || !formatOf(manifest).dtypes(manifest, 'cpu').includes('int8')) return;
  const home = mkdtempSync(path.join(tmpdir(), 'hotvec-bench-'));
  try {
    const { folder, int8Folder } = withoutInt8(setting, home);
    const settings = { DEVICE: 'cpu', DTYPE: 'int8', HF_HOME: home };
    const forget = () => rmSync(int8Folder, { recursive: true, force: true });
    yield await measure(bench, folder, { what: 'start in int8, its weights made', settings, prepare: forget });
    yield await measure(bench, folder, { what: 'start in int8, its weights found', settings });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function measure(
  { manifest, options }: EngineBench,
  model: string,
  { what, settings, target, prepare }: Variant,
): Promise<Row> {
  const ready: number[] = [];
  const first: number[] = [];
  let memory = '';
  for (let run = 0; run < (options.quick ? 1 : options.rounds); run++) {
    prepare?.();
    const service = await startService(model, settings);
    const client = new HttpClient(service.url, 1);
    while ((await client.send('/readyz').catch(() => null)) === null) await sleep(5);
    ready.push((performance.now() - service.spawnedAt) / 1000);
    await client.send('/v1/embeddings', JSON.stringify({ input: 'The first text.' }));
    first.push((performance.now() - service.spawnedAt) / 1000);
    memory = describeMemory(service);
    await client.close();
    await service.stop();
  }
  return {
    model: manifest.name,
    measure: `${what}, to the first vector`,
    result: `${figure(median(first))} s`,
    against: `/readyz ${figure(median(ready))} s; ${memory}; ${first.length} runs`,
    ...(target === undefined ? {} : { targets: { [target]: median(first) } }),
  };
}

/** The model where it has no int8 weights yet, and where a start will put them. */
function withoutInt8(setting: string, home: string): { folder: string; int8Folder: string } {
  const { folder, ownFolder } = resolveModel(setting);
  if (ownFolder === null) return { folder: setting, int8Folder: path.join(home, 'hotvec') };
  const links = path.join(home, path.basename(folder));
  mkdirSync(links);
  const files = readdirSync(folder).filter((name) => name !== path.basename(ownFolder));
  for (const name of files) symlinkSync(path.join(folder, name), path.join(links, name));
  return { folder: links, int8Folder: path.join(links, path.basename(ownFolder)) };
}
