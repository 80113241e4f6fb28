import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { toBatch } from '../src/engine/protocol.ts';
import { describeModel } from '../src/formats/describe-model.ts';
import { formatOf } from '../src/formats/formats.ts';
import { loadModel } from '../src/formats/load-model.ts';
import { FileHashes } from '../src/model-files/file-hashes.ts';
import type { Dtype } from '../src/model-files/manifest.ts';
import { describeRun } from './describe-run.ts';
import { engineSettings } from './engine-settings.ts';
import { formatTable } from './format-table.ts';
import { figure, mebibytes } from './report.ts';
import { residentBytes } from './resident-memory.ts';
import { median } from './statistics.ts';

//   node dist/bench/encoder-shapes.js FOLDER…
// What one text takes on the engine alone, and the memory of a process that holds the model, for each folder in fp32 and
// int8. Random weights will do: make-random-encoders.py.

const LENGTHS = [16, 256];
const DTYPES: readonly Dtype[] = ['fp32', 'int8'];
const MEASURING_MS = 1_500;
const FEWEST_RUNS = 5;

interface Shape {
  /** Median milliseconds of one text of each length. */
  milliseconds: number[];
  /** The least processor time of one text of each length, of all threads: what others on the machine change least. */
  processor: number[];
  loaded: number;
  afterwards: number;
}

const [folder, dtype] = process.argv.slice(2);
if (process.send !== undefined && folder !== undefined) {
  process.send(await measure(folder, dtype as Dtype));
} else {
  const rows: string[][] = [];
  for (const model of process.argv.slice(2)) {
    for (const precision of DTYPES) {
      const child = fork(fileURLToPath(import.meta.url), [model, precision]);
      const [shape] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [Shape | number | null];
      if (typeof shape !== 'object' || shape === null)
        throw new Error(`${model} could not be measured in ${precision}`);
      const times = shape.milliseconds.map(
        (time, i) => `${figure(time)} ms, ${figure(shape.processor[i] ?? Number.NaN)} ms CPU`,
      );
      rows.push([path.basename(model), precision, ...times, mebibytes(shape.loaded), mebibytes(shape.afterwards)]);
      process.stderr.write(`${rows.at(-1)?.join(', ')}\n`);
    }
  }
  const header = ['shape', 'dtype', ...LENGTHS.map((length) => `${length} tokens`), 'RSS, loaded', 'RSS, afterwards'];
  console.log(`${describeRun()}.\n\n${formatTable([header, ...rows])}`);
}

async function measure(model: string, precision: Dtype): Promise<Shape> {
  const own = mkdtempSync(path.join(tmpdir(), 'hotvec-bench-'));
  try {
    // Random weights have none of the files that say it.
    const pooling = existsSync(path.join(model, 'modules.json')) ? {} : ({ pooling: 'mean' } as const);
    const described = await describeModel({ name: path.basename(model), folder: path.resolve(model) }, pooling);
    const manifest = await formatOf(described).prepare(described, new Set([precision]), {
      folders: () => [own],
      files: new FileHashes(),
      onEvent: () => {},
    });
    const settings = { ...engineSettings(manifest, 'cpu', precision), maxTokens: 512 };
    const loaded = await loadModel(manifest, settings);
    const resident = () => residentBytes(process.pid)?.all ?? Number.NaN;
    const shape: Shape = { milliseconds: [], processor: [], loaded: resident(), afterwards: 0 };
    for (const length of LENGTHS) {
      const text = (seed: number) =>
        Int32Array.from({ length }, (_, i) => 5 + ((7919 * (seed * length + i)) % (manifest.vocabularySize - 5)));
      await loaded.run(toBatch([text(0)]));
      const times: number[] = [];
      const processor: number[] = [];
      const end = performance.now() + MEASURING_MS;
      while (performance.now() < end || times.length < FEWEST_RUNS) {
        const start = performance.now();
        const before = process.cpuUsage();
        await loaded.run(toBatch([text(times.length + 1)]));
        times.push(performance.now() - start);
        const { user, system } = process.cpuUsage(before);
        processor.push((user + system) / 1000);
      }
      shape.milliseconds.push(median(times));
      shape.processor.push(Math.min(...processor));
    }
    shape.afterwards = resident();
    return shape;
  } finally {
    rmSync(own, { recursive: true });
  }
}
