import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fullBatchMilliseconds } from '../../bench/engine-alone.ts';
import { LoadGenerator } from '../../bench/load-generator.ts';
import { openEngine } from '../../bench/open-engine.ts';
import { percentile } from '../../bench/statistics.ts';
import { BatchClient, batchFolder, requestLine } from '../support/batches.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';
import { uniqueBodies } from './soak-texts.ts';

const QUERIES = extent(150, 600);
/** So few that one is answered before the next comes: what they wait for is the batch. */
const RATE = 15;
const LINES = extent(20_000, 50_000);
/** Enough that the batch outlasts the queries: the starter embeds some 4,000 such texts a second. */
const TEXTS_OF_A_LINE = 4;
/** As many batches as these lines fill are computed by the engine alone. */
const LINES_ALONE = 256;
const SEED = 51;

describe('Queries beside a batch', () => {
  const place = batchFolder();
  const load = new LoadGenerator();
  let cli: SpawnedCli;
  let url: string;
  let batchTokens: number;
  before(async () => {
    cli = spawnCli(['serve', '--port', '0', '--device', 'cpu', '--batch-dir', place.folder]);
    const ready = await cli.line('ready');
    url = ready.url as string;
    batchTokens = ready.batchTokens as number;
  });
  after(async () => {
    load.stop();
    cli.child.kill('SIGTERM');
    await cli.exit;
    place.remove();
  });

  it(`wait for the batches before their own, and no longer (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    const target = { url, path: '/v1/embeddings' };
    const send = (seed: number) =>
      load.sendWithoutFailure({
        target,
        bodies: uniqueBodies(QUERIES, 1, seed),
        manner: { rate: RATE, seed, requests: QUERIES },
      });
    const p99 = (latencies: Float64Array) => percentile([...latencies], 0.99);
    const alone = p99((await send(SEED + 1)).latencies);

    const client = new BatchClient(url);
    const textOf = (i: number) => `line ${i} ${random.words()} ${random.words()}`;
    const inputs = Array.from({ length: LINES }, (_, i) => Array.from({ length: TEXTS_OF_A_LINE }, () => textOf(i)));
    const lines = inputs.map((input, i) => requestLine(`c${i}`, { input, encoding_format: 'base64' }));
    const engine = await openEngine('starter', { task: 'embed', device: 'cpu', dtype: 'auto' });
    const encodings = await engine.tokenizer.tokenize(inputs.slice(0, LINES_ALONE).flat());
    const sequences = encodings.map(({ ids }) => ids);
    const batchMs = await fullBatchMilliseconds(engine, { sequences, batchTokens, most: Number.POSITIVE_INFINITY });
    const { id } = await client.begin(lines);
    await client.until(id, ({ request_counts: { completed } }) => completed > 0);
    const beside = p99((await send(SEED + 2)).latencies);
    const { status, request_counts: counts } = await client.retrieve(id);
    assert.equal(status, 'in_progress', 'the batch was done before the queries were');
    await client.ask('POST', `/v1/batches/${id}/cancel`);
    const note = `p99 ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside ${counts.completed} lines; the engine alone takes ${batchMs.toFixed(1)} ms for a full batch of ${batchTokens} tokens, seed ${SEED}`;
    reportFigure('query_beside_batch', (beside - alone) / batchMs, note);
  });
});
