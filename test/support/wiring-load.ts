import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from './seeded-random.ts';

/** What became of the vectors that were asked for. */
export interface WiringCounts {
  requests: number;
  /** Vectors of an answer, one for each text, at its index. */
  answered: number;
  /** Of those: of another text. */
  mismatched: number;
  /** Asked for, and neither given nor refused with `retry-after`. */
  lost: number;
  /** Given a second time in an answer. */
  doubled: number;
  /** Requests that were refused with `retry-after`, and sent again. */
  refused: number;
  /** Requests whose client went away. */
  aborted: number;
  /** What was wrong, for the message of a failing test: the first few. */
  problems: string[];
}

export interface WiringLoad {
  /** Where the service listens. */
  url: string;
  seed: number;
  clients: number;
  /** The texts of a client's next request; null: the client is done. */
  nextTexts: (random: SeededRandom, client: number, request: number) => string[] | null;
  /** Says whether the vector at an index of the answer is that of its text. */
  checker: (texts: readonly string[], dimensions: number) => Promise<(index: number, vector: Float32Array) => boolean>;
  /** Part of the requests that are given up at a random moment. */
  abortChance?: number;
}

const DIMENSIONS = [32, 64, 100, 256];
const FORMATS = ['float', 'base64'] as const;
/** A client that is refused tries so often, this long after. */
const ATTEMPTS = 100;
const PAUSE_MS = 200;
const LONGEST_PATIENCE_MS = 40;

/** Sends requests of random size, format and dimensions from many clients, and says what became of every vector. */
export async function sendWiringLoad(load: WiringLoad): Promise<WiringCounts> {
  const counts: WiringCounts = {
    requests: 0,
    answered: 0,
    mismatched: 0,
    lost: 0,
    doubled: 0,
    refused: 0,
    aborted: 0,
    problems: [],
  };
  const runClient = async (_: unknown, number: number) => {
    const random = new SeededRandom(load.seed * 1_000 + number);
    for (let request = 0; ; request++) {
      const texts = load.nextTexts(random, number, request);
      if (texts === null) return;
      await ask(load, texts, random, counts);
    }
  };
  await Promise.all(Array.from({ length: load.clients }, runClient));
  return counts;
}

async function ask(load: WiringLoad, input: string[], random: SeededRandom, counts: WiringCounts): Promise<void> {
  const encoding_format = random.pick(FORMATS);
  const dimensions = random.pick(DIMENSIONS);
  const patience = random.chance(load.abortChance ?? 0) ? random.integer(0, LONGEST_PATIENCE_MS) : null;
  const body = JSON.stringify({ input, encoding_format, dimensions });
  counts.requests += 1;
  let found = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await post(load.url, body, patience);
    if (answer === 'aborted') {
      counts.aborted += 1;
      return;
    }
    found = answer.text;
    if (answer.status === 200) {
      count(JSON.parse(answer.text), input.length, await load.checker(input, dimensions), counts);
      return;
    }
    if (!answer.mayRetry) break;
    counts.refused += 1;
    await sleep(PAUSE_MS);
  }
  counts.lost += input.length;
  note(counts, found);
}

interface Answer {
  status: number;
  text: string;
  mayRetry: boolean;
}

/** @param patience milliseconds after which the client goes away; null: never. */
async function post(url: string, body: string, patience: number | null): Promise<Answer | 'aborted'> {
  const abort = new AbortController();
  const timer = patience === null ? undefined : setTimeout(() => abort.abort(), patience);
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/embeddings`, { method: 'POST', headers, body, signal: abort.signal });
    const isRefusal = response.status === 429 || response.status === 503;
    const mayRetry = isRefusal && Number(response.headers.get('retry-after')) >= 1;
    return { status: response.status, text: await response.text(), mayRetry };
  } catch (error) {
    if (abort.signal.aborted) return 'aborted';
    return { status: 0, text: `no answer: ${(error as Error).cause ?? error}`, mayRetry: false };
  } finally {
    clearTimeout(timer);
  }
}

function count(
  { data }: { data: { index: number; embedding: string | number[] }[] },
  asked: number,
  isOwn: (index: number, vector: Float32Array) => boolean,
  counts: WiringCounts,
): void {
  const seen = new Set<number>();
  for (const [position, { index, embedding }] of data.entries()) {
    if (seen.has(index)) counts.doubled += 1;
    if (index !== position) note(counts, `index ${index} at ${position}`);
    seen.add(index);
    counts.answered += 1;
    const vector = typeof embedding === 'string' ? decodeBase64(embedding) : Float32Array.from(embedding);
    if (index === position && index < asked && isOwn(index, vector)) continue;
    counts.mismatched += 1;
    note(counts, `another vector at ${position} of ${asked}`);
  }
  counts.lost += Math.max(0, asked - seen.size);
}

function note({ problems }: WiringCounts, problem: string): void {
  if (problems.length < 5) problems.push(problem.slice(0, 300));
}

export function decodeBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer);
}
