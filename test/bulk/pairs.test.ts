import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertNames } from '../support/assert-names.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { golden } from '../support/starter.ts';

interface Scored {
  id: number;
  score: number;
}

/** On the real models, and on a real service with both. */
describe('hotvec rerank and hotvec similarity', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    service = await startService({ model: 'starter,starter-reranker' });
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });
  const place = (name: string) => path.join(folder, name);
  const run = async (...args: string[]) => {
    const cli = spawnCli([...args, '--quiet']);
    return { code: await cli.exit, output: cli.output() };
  };
  const readLines = <Line>(name: string) =>
    readFileSync(place(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

  it('score pairs as the service does, and the service computes the same files', async () => {
    const queries = ['gravity', 'the capital of China', ''];
    const documents = ['Planets move around the sun.', 'Beijing is a city.', '', 'Apples fall.'];
    const pairs = queries.flatMap((query) => documents.map((document) => ({ query, document })));
    writeFileSync(place('pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
    const here = await run('rerank', place('pairs.jsonl'), '-o', place('here.jsonl'), '--model', 'starter-reranker');
    assert.equal(here.code, 65, here.output);
    const there = await run('rerank', place('pairs.jsonl'), '-o', place('there.jsonl'), '--url', service.url);
    assert.equal(there.code, 65, there.output);
    for (const end of ['', '.errors.jsonl']) {
      assert.ok(readFileSync(place(`here.jsonl${end}`)).equals(readFileSync(place(`there.jsonl${end}`))), end);
    }
    const scored = readLines<Scored>('here.jsonl');
    assert.deepEqual(
      scored.map(({ id }) => id),
      [0, 1, 3, 4, 5, 7],
    );
    const asked = { query: queries[1], documents: documents.filter((text) => text !== '') };
    const { results } = (await (await service.post('/v1/rerank', asked)).json()) as {
      results: { index: number; relevance_score: number }[];
    };
    for (const { index, relevance_score } of results) {
      assert.equal(scored[3 + index]?.score, Math.fround(relevance_score));
    }
  });

  it('say which model to give, where none is given and the starter embeds', async () => {
    const pairs = place('none.jsonl');
    writeFileSync(pairs, '{"query":"a","document":"b"}\n');
    const { code, output } = await run('rerank', pairs, '-o', place('never.jsonl'));
    assert.equal(code, 1);
    assertNames(
      output,
      '--model',
      'MODEL',
      'starter',
      'embeds',
      '--model Qwen/Qwen3-Reranker-0.6B',
      'starter-reranker',
    );
    const named = await run('similarity', pairs, '-o', place('never.jsonl'), '--model', 'starter-reranker');
    assert.equal(named.code, 1);
    assertNames(named.output, 'starter-reranker scores', '--model Qwen/Qwen3-Embedding-0.6B');
  });

  it('compare texts as the service does, whoever embeds them', async () => {
    const { queries, documents } = golden.similarity;
    const pairs = queries.flatMap((query) => documents.map((document) => ({ a: query, b: document })));
    writeFileSync(place('texts.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
    const columns = ['--query-column', 'a', '--document-column', 'b', '--input-type', 'document'];
    const here = await run('similarity', place('texts.jsonl'), '-o', place('alike.jsonl'), ...columns);
    assert.equal(here.code, 0, here.output);
    const there = await run(
      'similarity',
      place('texts.jsonl'),
      '-o',
      place('same.jsonl'),
      ...columns,
      '--url',
      service.url,
      '--model',
      'starter',
    );
    assert.equal(there.code, 0, there.output);
    assert.ok(readFileSync(place('alike.jsonl')).equals(readFileSync(place('same.jsonl'))));
    const prompts = { query_input_type: 'document', document_input_type: 'document' };
    const asked = await service.post('/v1/similarity', { queries, documents, ...prompts });
    const { scores } = (await asked.json()) as { scores: number[][] };
    assert.deepEqual(
      readLines<Scored>('alike.jsonl').map(({ score }) => score),
      scores.flat().map(Math.fround),
    );
  });
});
