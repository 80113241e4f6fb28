import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { embedCall, engineSource } from '../../src/bulk/engine-source.ts';
import type { ResultSource } from '../../src/bulk/result-source.ts';
import { runBulk } from '../../src/bulk/run-bulk.ts';
import { openEngine } from '../../src/commands/open-engine.ts';
import { toBatch } from '../../src/engine/protocol.ts';
import { loadModel } from '../../src/formats/load-model.ts';
import { packageRoot } from '../../src/package-info.ts';
import { readConfig } from '../../src/settings/config.ts';
import { fullBatches } from '../engine-alone.ts';
import { engineSettings } from '../engine-settings.ts';
import { sum } from '../statistics.ts';

/** What a side took for all texts of a file. */
export interface Took {
  seconds: number;
  /** Of all its processes and threads. */
  processorSeconds: number;
}

/** One way to embed a file of JSON Lines. */
export interface Side {
  name: string;
  take: (file: string) => Promise<Took>;
  close: () => Promise<void> | void;
}

const TICKS_PER_SECOND = 100;
const quiet = pino({ level: 'silent' });

/** `hotvec embed` as the command runs it, but for its start: with an engine process of its own, to a file of its own. */
export async function openRun(model: string, engines: string) {
  const args = ['--model', model, '--device', 'cpu', '--truncate', 'end', '--engines-per-device', engines];
  const config = readConfig({}, args);
  const opened = await openEngine({ config, logger: quiet, task: 'embed', check: () => {} });
  const { service, engine } = opened.model;
  const wish = { dimensions: null, normalize: null, truncate: 'end', role: null, instruction: null } as const;
  const { dimensions } = service.model;
  const compute = embedCall(service, 'text', wish);
  const source = engineSource(opened.model, opened.started, {
    dimensions,
    isUnit: true,
    neighbors: 'like_length',
    compute,
  });
  const takeWith = (neighbors: ResultSource['neighbors']) => async (file: string) => {
    let began = { at: 0, processor: 0 };
    const processor = () => sum([process.pid, ...engine.processIds].map(processorSeconds));
    await runBulk({
      request: { inputs: [file], textColumns: ['text'], idColumn: null, keep: [] },
      output: `${file}.npy`,
      format: 'npy',
      overwrite: true,
      skipExisting: false,
      result: 'embedding',
      shard: null,
      flags: {},
      metadata: {},
      // The engine is used again.
      openSource: async () => ({
        source: { ...source, neighbors, load: source.load, close: async () => {} },
        value: { name: 'embedding', dimensions, dtype: 'float' },
      }),
      standardInput: Readable.from([]),
      signal: new AbortController().signal,
      reports: {
        onShard() {},
        onBegin() {
          began = { at: performance.now(), processor: processor() };
        },
        onProgress() {},
        onAssembled() {},
      },
    });
    return { seconds: (performance.now() - began.at) / 1_000, processorSeconds: processor() - began.processor };
  };
  return {
    opened,
    sides: [
      { name: 'hotvec embed', take: takeWith('like_length'), close: () => engine.close() },
      // Of texts that are all different, neighbors are those of the file.
      { name: 'hotvec embed, in the order of the file', take: takeWith('same_first'), close() {} },
    ] satisfies Side[],
  };
}

/** The engine in this process, given token ids in the batches that the service would form of all texts at once. */
export async function openAlone({ opened }: Awaited<ReturnType<typeof openRun>>): Promise<Side> {
  const { manifest, service } = opened.model;
  const model = await loadModel(manifest, {
    ...engineSettings(manifest, 'cpu', 'fp32'),
    maxTokens: manifest.maxTokens,
  });
  return {
    name: 'the engine alone',
    async take(file) {
      const inputs = textsOf(file).map((content) => ({ content, name: 'text', role: null, instruction: null }));
      const ids = (await service.tokenize(inputs, 'end')).map((input) => input.ids);
      const batches = fullBatches(ids, opened.started.batchTokens, manifest);
      await model.run(toBatch([ids[0] as Int32Array]));
      const [at, processor] = [performance.now(), processorSeconds(process.pid)];
      for (const batch of batches) await model.run(batch);
      return {
        seconds: (performance.now() - at) / 1_000,
        processorSeconds: processorSeconds(process.pid) - processor,
      };
    },
    close() {},
  };
}

/** @param python an interpreter that has sentence-transformers. */
export async function openEncode(python: string, model: string, way: 'sorted' | 'loop'): Promise<Side> {
  const script = path.join(packageRoot, 'bench', 'bulk', 'encode-loop.py');
  const child = spawn(python, [script, model], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    name: way === 'loop' ? 'encode() for every 32 texts' : 'encode() of all, batches of 32, sorted',
    async take(file) {
      child.stdin.write(`${way} ${file}\n`);
      const { value } = await lines.next();
      const [seconds = Number.NaN, processor = Number.NaN] = String(value).split(' ').map(Number);
      return { seconds, processorSeconds: processor };
    },
    async close() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

export function textsOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: string }).text);
}

/** Linux only. */
function processorSeconds(processId: number): number {
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
