import { setTimeout as sleep } from 'node:timers/promises';
import { randomUint32 } from '../scripts/random-weights.ts';
import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { readMetrics } from './read-metrics.ts';
import { milliseconds, type Row } from './report.ts';
import { percentile } from './statistics.ts';

const PROBE_EVERY_MS = 5;
const LONG_INPUT_TOKENS = 8_192;
/** A large model would compute on such an input for minutes. */
const SLOW_INPUT_TOKENS = 1_024;
const LONG_SECONDS = 5;
const LARGE_ANSWER_INPUTS = 2_048;
/** Just under the limit of a body; most of them are refused, but only when they have been read. */
const LARGE_BODY_BYTES = 16_000_000;
/** The inputs are single tokens, and a prefix trie computes each but once: the answers are what is large. */
const DISTINCT_INPUTS = 256;

/** Whether the service's event loop stays free while the engine computes and while large answers are written. */
export async function* measureEventLoop(bench: EngineBench): AsyncGenerator<Row> {
  const { manifest, isLarge, options } = bench;
  const service = await bench.service();
  const random = randomUint32(11);
  const tokenIds = (length: number) => Array.from({ length }, () => random() % manifest.vocabularySize);
  const embed = (client: HttpClient, input: unknown, format: string) =>
    client.send('/v1/embeddings', JSON.stringify({ input, encoding_format: format, token_ids: 'as_is' }));

  const length = Math.min(isLarge ? SLOW_INPUT_TOKENS : LONG_INPUT_TOKENS, manifest.maxTokens);
  const loads: { what: string; isTarget?: boolean; run: (client: HttpClient) => Promise<unknown> }[] = [
    { what: 'nothing else is asked', run: () => sleep(options.quick ? 200 : 3_000) },
    {
      what: `batches of ${length.toLocaleString('en-US')} tokens run`,
      run: async (client) => {
        const end = performance.now() + 1000 * (options.quick ? 0.2 : LONG_SECONDS);
        do await Promise.all([embed(client, tokenIds(length), 'base64'), embed(client, tokenIds(length), 'base64')]);
        while (performance.now() < end);
      },
    },
    ...['float', 'base64'].map((format) => ({
      what: `answers of ${LARGE_ANSWER_INPUTS} × ${manifest.hiddenSize}, ${format}, are written`,
      isTarget: true,
      run: async (client: HttpClient) => {
        for (let i = 0; i < (options.quick ? 1 : 10); i++) {
          await embed(
            client,
            Array.from({ length: LARGE_ANSWER_INPUTS }, () => [random() % DISTINCT_INPUTS]),
            format,
          );
        }
      },
    })),
  ];
  for (const [what, body] of largeBodies(manifest.vocabularySize)) {
    loads.push({
      what: `bodies of 16 MB are read: ${what}`,
      run: async (client) => {
        // Refused for its many tokens.
        for (let i = 0; i < (options.quick ? 2 : 10); i++) await client.send('/v1/embeddings', body).catch(() => {});
      },
    });
  }
  for (const { what, isTarget = false, run } of loads) {
    const client = new HttpClient(service.url, 4);
    await readLag(service.url); // Reading empties the histogram.
    const latencies = await probeWhile(service.url, () => run(client));
    const lag = await readLag(service.url);
    await client.close();
    yield {
      model: manifest.name,
      measure: `/livez while ${what}, p50`,
      result: `${milliseconds(percentile(latencies, 0.5))}, p99 ${milliseconds(percentile(latencies, 0.99))}, max ${milliseconds(Math.max(...latencies))}`,
      against: `event-loop delay by the server's own clock: p99 ${milliseconds(lag.p99)}, max ${milliseconds(lag.max)}; ${latencies.length} probes`,
      ...(isTarget ? { targets: { eventLoopGap: lag.p99 } } : {}),
    };
  }
}

/** Bodies of 2,048 texts, of token ids, and with a mistake at the end. */
function largeBodies(vocabularySize: number): [string, string][] {
  const words = (count: number) => 'text '.repeat(count);
  const texts = Array.from({ length: 2_000 }, () => words(LARGE_BODY_BYTES / 5 / 2_000));
  const ids = Array.from({ length: LARGE_BODY_BYTES / 6 }, (_, i) => i % Math.min(99_999, vocabularySize));
  return [
    ['texts', JSON.stringify({ input: texts.slice(0, -10) })],
    ['token ids', JSON.stringify({ input: ids, token_ids: 'as_is' })],
    ['an empty text among them', JSON.stringify({ input: [...texts.slice(0, -10), ''] })],
  ];
}

/** Milliseconds that `/livez` took, asked every few milliseconds while `run` runs. */
async function probeWhile(url: string, run: () => Promise<unknown>): Promise<number[]> {
  const client = new HttpClient(url, 1);
  const latencies: number[] = [];
  let isDone = false;
  const probing = (async () => {
    while (!isDone) {
      latencies.push((await client.send('/livez')).milliseconds);
      await sleep(PROBE_EVERY_MS);
    }
  })();
  await run();
  isDone = true;
  await probing;
  await client.close();
  return latencies;
}

/** The server's own event-loop delay since the last reading, in milliseconds. An idle loop shows the timer's 10 ms. */
async function readLag(url: string): Promise<{ p99: number; max: number }> {
  const value = await readMetrics(url);
  const lag = (name: string) => 1000 * value(`nodejs_eventloop_lag_${name}_seconds`);
  return { p99: lag('p99'), max: lag('max') };
}
