import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from './http-client.ts';
import type { BenchOptions } from './options.ts';
import { figure, mebibytes, type Row } from './report.ts';
import { type RunningService, startService } from './service.ts';
import { median } from './statistics.ts';

/** From `hotvec serve` to the first vector. The files are in the page cache: an earlier section read them. */
export async function* measureStart(model: string, name: string, options: BenchOptions): AsyncGenerator<Row> {
  const variants = [
    { what: 'start', settings: {} },
    { what: 'start without prepacking', settings: { PREPACKING: '0' } },
  ];
  for (const { what, settings } of variants) {
    const ready: number[] = [];
    const first: number[] = [];
    let memory = '';
    for (let run = 0; run < (options.quick ? 1 : options.rounds); run++) {
      const service = await startService(model, { DEVICE: options.device, DTYPE: options.dtype, ...settings });
      const client = new HttpClient(service.url, 1);
      while ((await client.send('/readyz').catch(() => null)) === null) await sleep(5);
      ready.push((performance.now() - service.spawnedAt) / 1000);
      await client.send('/v1/embeddings', JSON.stringify({ input: 'The first text.' }));
      first.push((performance.now() - service.spawnedAt) / 1000);
      memory = describeMemory(service);
      client.close();
      await service.stop();
    }
    yield {
      model: name,
      measure: `${what}, to the first vector`,
      result: `${figure(median(first))} s`,
      against: `/readyz ${figure(median(ready))} s; ${memory}; ${first.length} runs`,
    };
  }
}

/** Resident memory of both processes, as a row of the table. */
export function memoryRow(model: string, after: string, service: RunningService): Row {
  return { model, measure: `memory after ${after}`, result: describeMemory(service), against: '' };
}

function describeMemory({ processId, engineProcessId }: RunningService): string {
  const main = residentBytes(processId);
  const engine = residentBytes(engineProcessId);
  if (main === null || engine === null) return 'memory not known on this system';
  return `RSS main ${mebibytes(main.all)}, engine ${mebibytes(engine.all)} (${mebibytes(engine.anonymous)} without mapped files)`;
}

/** Linux only; null elsewhere. */
function residentBytes(processId: number): { all: number; anonymous: number } | null {
  try {
    const status = readFileSync(`/proc/${processId}/status`, 'utf8');
    const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
    return { all: 1024 * kibibytes('VmRSS'), anonymous: 1024 * kibibytes('RssAnon') };
  } catch {
    return null;
  }
}
