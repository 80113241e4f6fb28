import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fixtures } from '../support/starter.ts';

const TOLERANCE = 1e-5;

interface Golden {
  truncate_dim: number;
  texts: string[];
  /** What sentence-transformers gives, by test/fixtures/truncate-dim/make.py. */
  vectors: number[][];
  without_normalize: number[][];
}

const golden: Golden = JSON.parse(readFileSync(path.join(fixtures, 'truncate-dim', 'golden.json'), 'utf8'));

/** The starter, as somebody saved it after `SentenceTransformer(…, truncate_dim=32)`. */
async function serveTruncated(folder: string, keepModules: number): Promise<RunningService> {
  cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
  const edit = (file: string, change: (json: never) => unknown) => {
    const target = path.join(folder, file);
    writeFileSync(target, JSON.stringify(change(JSON.parse(readFileSync(target, 'utf8')) as never)));
  };
  edit('config_sentence_transformers.json', (json: object) => ({ ...json, truncate_dim: golden.truncate_dim }));
  edit('modules.json', (json: unknown[]) => json.slice(0, keepModules));
  return startService({ model: folder, logLevel: 'warn', vectorCacheMb: 1 });
}

async function vectors(service: RunningService, request: Record<string, unknown> = {}): Promise<number[][]> {
  const response = await service.post('/v1/embeddings', { input: golden.texts, model: 'starter', ...request });
  const body = (await response.json()) as { data: { embedding: number[] }[] };
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.data.map(({ embedding }) => embedding);
}

function assertClose(found: number[][], wanted: number[][]): void {
  for (const [i, vector] of found.entries()) {
    const scale = Math.hypot(...(wanted[i] as number[]));
    assert.ok(largestDifference(vector, wanted[i] as number[]) < TOLERANCE * Math.max(1, scale), golden.texts[i]);
  }
}

describe('a model with truncate_dim', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    service = await serveTruncated(path.join(folder, 'starter'), 3);
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives sentence-transformers' vectors: the first components of the unit vector, not normalized again", async () => {
    const found = await vectors(service);
    assertClose(found, golden.vectors);
    assert.ok(Math.hypot(...(found[0] as number[])) < 0.9);
    // Once more, from the cache.
    assert.deepEqual(await vectors(service), found);
  });

  it('says its number of components, takes it as dimensions, and gives no more', async () => {
    const response = await fetch(`${service.url}/v1/models/starter`);
    const model = (await response.json()) as Record<string, unknown>;
    assert.deepEqual([model.dimensions, model.min_dimensions, model.normalize], [32, 32, false]);
    assertClose(await vectors(service, { dimensions: 32 }), golden.vectors);
    const tooMany = await service.post('/v1/embeddings', { input: 'a', model: 'starter', dimensions: 64 });
    assert.equal(tooMany.status, 400);
    assert.match(await tooMany.text(), /dimensions is 64; this model supports 32\./);
  });

  it('gives vectors of length one, and as pooled, where a request asks for them', async () => {
    const unit = golden.vectors.map((vector) => normalized(vector));
    assertClose(await vectors(service, { normalize: true }), unit);
    assertClose(await vectors(service, { normalize: false }), golden.without_normalize);
  });

  it('refuses a scale for unit vectors unless they are, and scores texts as the model does', async () => {
    const request = { input: golden.texts, model: 'starter', output_dtype: 'int8' };
    assert.equal((await service.post('/v1/embeddings', request)).status, 400);
    assert.equal((await service.post('/v1/embeddings', { ...request, normalize: true })).status, 200);
  });

  it('has another fingerprint than the whole model', async () => {
    const whole = await startService({ logLevel: 'warn' });
    const fingerprint = async ({ url }: RunningService) =>
      ((await (await fetch(`${url}/v1/models/starter`)).json()) as { fingerprint: string }).fingerprint;
    try {
      assert.notEqual(await fingerprint(service), await fingerprint(whole));
    } finally {
      await whole.close();
    }
  });

  it("gives sentence-transformers' vectors of a model without Normalize", async () => {
    const other = await serveTruncated(path.join(folder, 'without', 'starter'), 2);
    try {
      assertClose(await vectors(other), golden.without_normalize);
    } finally {
      await other.close();
    }
  });
});
