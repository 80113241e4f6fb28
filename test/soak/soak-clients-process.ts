import process from 'node:process';
import { Pool } from 'undici';
import { SeededRandom } from '../support/seeded-random.ts';
import { decodeBase64 } from '../support/wiring-load.ts';
import type { SoakCounts, SoakOrder } from './soak-clients.ts';

// The clients of a soak test; `soak-clients.ts` starts this process and gives it its order.

const LONGEST_PATIENCE_MS = 60;
/** Connection errors after which nothing can have been sent. */
const UNREACHED = ['ECONNREFUSED'];

const counts: SoakCounts = { answered: 0, refused: 0, aborted: 0, unreached: 0, failed: 0, problems: [] };
let isOver = false;
let allDone: Promise<unknown> = Promise.resolve();

process.on('message', async (message: SoakOrder | 'count' | 'stop') => {
  if (typeof message === 'object') {
    const pool = new Pool(message.url, { headersTimeout: 0, bodyTimeout: 0 });
    allDone = Promise.all(Array.from({ length: message.clients }, (_, number) => runClient(message, pool, number)));
    return;
  }
  if (message === 'stop') {
    isOver = true;
    await allDone;
  }
  process.send?.({ counts });
});
// No one left to send for.
process.on('disconnect', () => process.exit());

async function runClient(order: SoakOrder, pool: Pool, number: number): Promise<void> {
  const random = new SeededRandom(order.seed * 1_000 + number);
  for (let request = 0; !isOver; request++) {
    const input = Array.from(
      { length: random.integer(1, order.maxTexts) },
      (_, i) => `client ${number} request ${request} text ${i} ${random.words()}`,
    );
    const patience = random.chance(order.abortChance) ? random.integer(0, LONGEST_PATIENCE_MS) : null;
    const isClosed = await ask(pool, input, patience);
    if (isClosed && order.endsWhenClosed) return;
  }
}

/** @returns whether the server has closed the connection or cannot be reached. */
async function ask(pool: Pool, input: string[], patience: number | null): Promise<boolean> {
  const abort = new AbortController();
  const timer = patience === null ? undefined : setTimeout(() => abort.abort(), patience);
  try {
    const { statusCode, headers, body } = await pool.request({
      path: '/v1/embeddings',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input, encoding_format: 'base64' }),
      signal: abort.signal,
    });
    const text = await body.text();
    const isRefusal = statusCode === 429 || statusCode === 503;
    if (statusCode === 200 && isRight(text, input.length)) counts.answered += 1;
    else if (isRefusal && Number(headers['retry-after']) >= 1) counts.refused += 1;
    else fail(`${statusCode}: ${text}`);
    return headers.connection === 'close';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (abort.signal.aborted) counts.aborted += 1;
    else if (UNREACHED.includes(code ?? '')) counts.unreached += 1;
    else fail(`${code}: ${message}`);
    return !abort.signal.aborted;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether there is a unit vector for each text, in order. */
function isRight(text: string, asked: number): boolean {
  const { data } = JSON.parse(text) as { data: { index: number; embedding: string }[] };
  if (data.length !== asked) return false;
  return data.every(
    ({ index, embedding }, i) => index === i && Math.abs(Math.hypot(...decodeBase64(embedding)) - 1) < 1e-5,
  );
}

function fail(problem: string): void {
  counts.failed += 1;
  if (counts.problems.length < 5) counts.problems.push(problem.slice(0, 200));
}
