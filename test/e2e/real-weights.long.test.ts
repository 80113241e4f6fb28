import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { weightBits } from '../../src/formats/own-graph/weight-bits.ts';
import type { WeightBits } from '../../src/model-files/int8/scheme.ts';
import { packageRoot } from '../../src/package-info.ts';
import { cosine } from '../../src/tasks/embedding/cosine.ts';
import { largestDifference } from '../support/difference.ts';
import { fetchMiniLm, miniLmReference, miniLmVectors } from '../support/real-weights.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const TOLERANCE = 2e-6;
/** TEI's own (`Score` of its router/tests/common.rs); its vectors are 2.5e-4 from those of sentence-transformers. */
const TEI_TOLERANCE = 4e-3;
/** By the bits of a weight. The lowest is of a text of few tokens that an English model hardly knows. */
const INT8_COSINES: Readonly<Record<WeightBits, { lowest: number; mean: number }>> = {
  7: { lowest: 0.98, mean: 0.995 },
  8: { lowest: 0.99, mean: 0.998 },
};
const TEXTS_A_REQUEST = 32;

const shared = path.join(packageRoot, '..', 'shared', 'data');
const corpus = path.join(shared, 'corpus', 'bench-corpus.jsonl');
const teiGolden = path.join(shared, 'golden', 'tei');
const fetched = fetchMiniLm();
const skip = typeof fetched === 'string' ? false : fetched.why;

describe('all-MiniLM-L6-v2 with its real weights', { skip }, () => {
  let cli: SpawnedCli;
  let url: string;
  before(async () => {
    cli = spawnCli(['serve', '--model', fetched as string, '--port', '0']);
    url = (await cli.line('ready')).url as string;
  });
  after(() => stop(cli));

  it('is computed by its own graph', async () => {
    const { weights, dtype } = await cli.line('ready');
    assert.deepEqual([weights, dtype], ['safetensors', 'fp32']);
  });

  it('gives the vectors of sentence-transformers, together and alone, over-long texts cut alike', {
    skip: !existsSync(corpus) && 'needs ../shared',
  }, async () => {
    const texts = readTexts();
    const vectors = await embed(url, texts);
    for (const [i, expected] of miniLmVectors().entries()) {
      const difference = largestDifference(vectors[i] as number[], expected);
      assert.ok(difference <= TOLERANCE, `text ${i}: ${difference}`);
    }
    for (let i = 0; i < texts.length; i += 9) {
      assert.deepEqual(await embed(url, [texts[i] as string]), [vectors[i]], `text ${i} alone`);
    }
  });

  it("passes text-embeddings-inference's own test of its vectors", {
    skip: !existsSync(teiGolden) && 'needs ../shared',
  }, async () => {
    for (const [file, inputs] of [
      ['minilm_mrl_embeddings_single.snap.yaml', 'test'],
      ['minilm_mrl_embeddings_batch.snap.yaml', ['test', 'test', 'test']],
    ] as const) {
      const documents = parseAllDocuments(readFileSync(path.join(teiGolden, file), 'utf8'));
      const expected = documents.at(-1)?.toJS() as number[][];
      const found = (await post(`${url}/embed`, { inputs, dimensions: 128 })) as number[][];
      assert.equal(found.length, expected.length);
      for (const [i, vector] of expected.entries()) {
        assert.ok(largestDifference(found[i] as number[], vector) <= TEI_TOLERANCE, `${file}, ${i}`);
      }
    }
  });
});

describe('all-MiniLM-L6-v2 in int8', { skip: skip || (!existsSync(corpus) && 'needs ../shared') }, () => {
  let cli: SpawnedCli;
  after(() => stop(cli));

  it('is near to sentence-transformers in float32', async () => {
    cli = spawnCli(['serve', '--model', fetched as string, '--port', '0', '--dtype', 'int8']);
    const { url } = await cli.line('ready');
    const vectors = await embed(url as string, readTexts());
    const cosines = miniLmVectors().map((expected, i) => cosine(Float32Array.from(vectors[i] as number[]), expected));
    const least = INT8_COSINES[await weightBits()];
    assert.ok(Math.min(...cosines) >= least.lowest, `lowest ${Math.min(...cosines)}`);
    const mean = cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
    assert.ok(mean >= least.mean, `mean ${mean}`);
  });
});

/** The texts of the reference. */
function readTexts(): string[] {
  const lines = readFileSync(corpus, 'utf8').trim().split('\n');
  const byId = new Map(
    lines.map((line) => JSON.parse(line) as { id: number; text: string }).map((line) => [line.id, line.text]),
  );
  return miniLmReference.texts.map(({ id, sha256 }) => {
    const text = byId.get(id) ?? '';
    assert.ok(createHash('sha256').update(text).digest('hex').startsWith(sha256), `line ${id} of the corpus`);
    return text;
  });
}

async function embed(url: string, texts: readonly string[]): Promise<number[][]> {
  const vectors: number[][] = [];
  for (let first = 0; first < texts.length; first += TEXTS_A_REQUEST) {
    const input = texts.slice(first, first + TEXTS_A_REQUEST);
    const { data } = (await post(`${url}/v1/embeddings`, { input, truncate: 'end' })) as {
      data: { embedding: number[] }[];
    };
    vectors.push(...data.map(({ embedding }) => embedding));
  }
  return vectors;
}

async function post(url: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

async function stop(cli: SpawnedCli | undefined): Promise<void> {
  cli?.child.kill('SIGTERM');
  await cli?.exit;
}
