import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, type Row } from './report.ts';
import { describeMemory } from './resident-memory.ts';
import { startService } from './service.ts';
import { median } from './statistics.ts';

/** From `hotvec serve` to the first vector. The files are in the page cache: the benchmark itself has loaded them. */
export async function* measureStart({ setting, manifest, isLarge, options }: EngineBench): AsyncGenerator<Row> {
  const variants = [
    { what: 'start', settings: {}, target: isLarge ? 'coldStartFull' : 'coldStart' },
    { what: 'start without prepacking', settings: { PREPACKING: '0' }, target: 'coldStartPlain' },
  ];
  for (const { what, settings, target } of variants) {
    const ready: number[] = [];
    const first: number[] = [];
    let memory = '';
    for (let run = 0; run < (options.quick ? 1 : options.rounds); run++) {
      const service = await startService(setting, { DEVICE: options.device, DTYPE: options.dtype, ...settings });
      const client = new HttpClient(service.url, 1);
      while ((await client.send('/readyz').catch(() => null)) === null) await sleep(5);
      ready.push((performance.now() - service.spawnedAt) / 1000);
      await client.send('/v1/embeddings', JSON.stringify({ input: 'The first text.' }));
      first.push((performance.now() - service.spawnedAt) / 1000);
      memory = describeMemory(service);
      await client.close();
      await service.stop();
    }
    yield {
      model: manifest.name,
      measure: `${what}, to the first vector`,
      result: `${figure(median(first))} s`,
      against: `/readyz ${figure(median(ready))} s; ${memory}; ${first.length} runs`,
      targets: { [target]: median(first) },
    };
  }
}
