import type { EngineBench } from './open-bench.ts';
import { figure, mebibytes, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import { residentMemory } from './resident-memory.ts';
import { startService } from './service.ts';

const SIZES = [1_000, 10_000, 100_000];
const QUICK_SIZES = [100, 200];
const TEXTS_PER_REQUEST = 10;
const CLIENTS = 8;
/** Texts drawn at a time: all of them at once would be a large object, on this side. */
const CHUNK = 5_000;

/**
 * Whether ten times the work takes ten times as long, and no more memory: 100,000 texts in 10,000 requests, to a service
 * that has done nothing before. What JavaScript's heaps take at first is taken in the thousand requests before these. For
 * small models; a large one would take hours.
 */
export async function* measureGrowth(bench: EngineBench): AsyncGenerator<Row> {
  if (bench.isLarge) return;
  const { setting, manifest, workloads, load, options } = bench;
  const service = await startService(setting, { DEVICE: options.device, DTYPE: options.dtype });
  let first: { texts: number; seconds: number; bytes: number } | undefined;
  let bytesBefore = 0;
  try {
    for (const texts of options.quick ? QUICK_SIZES : SIZES) {
      let seconds = 0;
      for (let done = 0; done < texts; done += CHUNK) {
        const items = await workloads.take('q', Math.min(CHUNK, texts - done), 700 + texts + done);
        const bodies = requestBodies(items, TEXTS_PER_REQUEST, 'base64');
        const target = { url: service.url, path: '/v1/embeddings' };
        seconds += (await load.sendWithoutFailure({ target, bodies, manner: { clients: CLIENTS } })).seconds;
      }
      const memory = residentMemory(service);
      const bytes = memory === null ? Number.NaN : memory.main.all + memory.engine.all;
      first ??= { texts, seconds, bytes };
      const growth = bytes - bytesBefore;
      bytesBefore = bytes;
      const perText = seconds / texts / (first.seconds / first.texts);
      const isLast = texts === SIZES.at(-1);
      yield {
        model: manifest.name,
        measure: `growth, ${texts.toLocaleString('en-US')} texts, ${TEXTS_PER_REQUEST} a request, ${CLIENTS} clients`,
        result: `${figure(seconds)} s, RSS main ${mebibytes(memory?.main.all ?? Number.NaN)}, engine ${mebibytes(memory?.engine.all ?? Number.NaN)}`,
        against:
          texts === first.texts
            ? 'a fresh service'
            : `${figure(perText)}× the time a text, ${mebibytes(growth)} more than before these`,
        ...(isLast ? { targets: { memoryGrowth: growth / 2 ** 20 } } : {}),
      };
    }
  } finally {
    await service.stop();
  }
}
