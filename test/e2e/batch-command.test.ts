import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type OutputLine, requestLine } from '../support/batches.ts';
import { startEmbedderAndReranker } from '../support/embedder-and-reranker.ts';
import type { RunningService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';

describe('hotvec batch', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-batch-command-'));
    service = await startEmbedderAndReranker();
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  const at = (name: string) => path.join(folder, name);
  const write = (name: string, lines: readonly string[]) => {
    writeFileSync(at(name), lines.join('\n'));
    return at(name);
  };
  const run = (...args: string[]) => spawnCli(['batch', ...args, '--device', 'cpu', '--threads', '1']);
  const linesOf = (name: string) =>
    readFileSync(at(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as OutputLine);

  it('computes with several engine processes of each model, and says so', async () => {
    const input = write('two.jsonl', [requestLine('c', { input: 'x', model: 'starter' })]);
    const models = ['--model', 'starter,starter-reranker', '--device', 'cpu', '--threads', '2'];
    const cli = spawnCli(['batch', input, '-o', at('two.out.jsonl'), ...models]);
    assert.equal(await cli.exit, 0, cli.output());
    assert.equal(cli.output().split('"engine ready"').length - 1, 4);
    const { engines, threads } = await cli.line('chose several engine processes for whole files');
    assert.deepEqual([engines, threads], [2, 1]);
  });

  it('answers lines as the route does, errors in a file of their own', async () => {
    const bodies = [
      { query: 'q', documents: ['x', 'y'] },
      { query: '', documents: ['x'] },
      { query: 'r', documents: ['z'] },
    ];
    const input = write(
      'rerank.jsonl',
      bodies.map((body, i) => requestLine(`c${i}`, body, '/v1/rerank')),
    );
    const cli = run(input, '-o', at('ranked.jsonl'), '--errors', at('errors.jsonl'), '--model', 'starter-reranker');
    assert.equal(await cli.exit, 65, cli.output());
    assert.match(cli.output(), /ranked\.jsonl: 2 lines, 1 with an error/);
    const answered = [...linesOf('ranked.jsonl'), ...linesOf('errors.jsonl')];
    assert.deepEqual(
      answered.map(({ custom_id: id }) => id),
      ['c0', 'c2', 'c1'],
    );
    for (const { custom_id, id, response } of answered) {
      const direct = await service.post('/v1/rerank', bodies[Number(custom_id.slice(1))] as object);
      const body = (await direct.json()) as Record<string, unknown>;
      assert.deepEqual(response, {
        status_code: direct.status,
        request_id: id,
        body: 'id' in body ? { ...body, id } : body,
      });
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('partial')),
      [],
    );
  });
});
