import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writePaddedExport } from '../../scripts/padded-export.ts';
import { packageRoot } from '../../src/package-info.ts';
import { withKeysFile } from '../http/door/keys-file.ts';
import { type Said, startAnswering } from '../support/answering-server.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { rerankerFolders } from '../support/reranker-references.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { starterManifest } from '../support/starter.ts';

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the script as a user does; the servers live in this process, so it must not be waited for synchronously. */
function against(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(packageRoot, 'dist', 'bench', 'against.js'), ...args], {
    env: { PATH: process.env.PATH },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

const SHORT = ['--seconds', '0.05', '--rounds', '1', '--clients', '2', '--batch', '3'];

describe('bench/against.ts', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-against-'));
  let packedService: RunningService;
  let paddedService: RunningService;
  /** Short enough for every model. */
  const texts = path.join(folder, 'texts.txt');
  before(async () => {
    writeFileSync(texts, 'one text\n\nanother text\n');
    const model = path.join(folder, 'starter-onnx');
    writePaddedExport(await starterManifest(), model);
    packedService = await startService();
    paddedService = await startService({ model });
  });
  after(async () => {
    await packedService.close();
    await paddedService.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs it with hotvec as A and a server that answers as `answer` says as B. */
  async function againstAnswers(answer: (path: string, body: string) => Said, ...args: string[]): Promise<Ended> {
    const server = await startAnswering(answer);
    try {
      return await against('--url', packedService.url, '--url', server.url, '--model-b', 'other', ...SHORT, ...args);
    } finally {
      server.close();
    }
  }

  it('compares two services on the same weights: one table, no errors, equal vectors', async () => {
    for (const options of [[], ['--texts', texts, '--format', 'float']]) {
      const urls = ['--url', packedService.url, '--url', `${paddedService.url}/v1`];
      const { status, stdout, stderr } = await against(...urls, ...SHORT, ...options);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /\| A \| http\S+ +\| starter +\| [\d.,]+ +\| [\d.,]+ +\| .* ms +\| .* ms +\| none +\| 1\.0/);
      assert.match(stdout, /\| B \| http\S+ +\| starter-onnx +\| .* \| none +\| 1\.0/);
      assert.match(stdout, /A answers [\d.]+ times .* 1 rounds A B B A/);
      assert.match(stdout, /Lowest cosine of A's and B's vectors: 1\.000000/);
    }
  });

  it('compares two rerankers, and stops where they are not the same', async () => {
    const [first, second] = await Promise.all([0, 1].map(() => startService({ model: 'starter-reranker' })));
    const other = await startService({ model: path.join(rerankerFolders, 'seqcls-st') });
    try {
      const rerank = ['--task', 'rerank', '--documents', '3', '--url', first?.url ?? ''];
      const same = await against(...rerank, '--url', second?.url ?? '', ...SHORT);
      assert.equal(same.status, 0, same.stderr);
      assert.match(same.stdout, /\| A \| http\S+ +\| starter-reranker +\| .* \| none +\| 0\.000/);
      assert.match(
        same.stdout,
        /times as many documents a second as B: .*\n2 clients, a query and 3 documents a request/,
      );
      assert.match(same.stdout, /scores differ by at most 0\.000000; 0 of 66 pairs of documents are in another order/);
      const different = await against(...rerank, '--url', other.url, ...SHORT);
      assert.equal(different.status, 1);
      assert.match(different.stderr, /The scores of A and B differ by up to .* in another order/);
      const embedder = await against(...rerank, '--url', packedService.url, ...SHORT);
      assert.equal(embedder.status, 1);
      assert.match(embedder.stderr, /^B \(http\S+\) does not rerank: \/v1\/rerank answered 4\d\d, /);
    } finally {
      await Promise.all([first, second, other].map((service) => service?.close()));
    }
  });

  it('stops where the models differ, and says how; --no-gate measures nevertheless', async () => {
    const other = await startService({ model: path.join(paddedFixtures, 'bert-mean') });
    try {
      const urls = ['--url', packedService.url, '--url', other.url, '--texts', texts];
      const stopped = await against(...urls, ...SHORT);
      assert.equal(stopped.status, 1);
      assert.match(stopped.stderr, /The models differ: A \(starter\) gives 256 dimensions, B \(bert-mean\) 32\./);
      assert.equal(stopped.stdout, '');
      const measured = await against(...urls, ...SHORT, '--no-gate');
      assert.equal(measured.status, 0, measured.stderr);
      assert.match(measured.stdout, /\| B \|/);
    } finally {
      await other.close();
    }
  });

  it('tells another model of the same size, and one whose vectors depend on the batch', async () => {
    const embeddings = (vector: (text: string, together: number) => number[]) => (_: string, body: string) => {
      const { input } = JSON.parse(body) as { input: string[] };
      const data = input.map((text, index) => ({ index, embedding: vector(text, input.length) }));
      return { body: { data } };
    };
    const ramp = Array.from({ length: 256 }, (_, i) => i - 100);
    const foreign = await againstAnswers(embeddings((text) => ramp.map((value) => value + text.length)));
    assert.equal(foreign.status, 1);
    assert.match(foreign.stderr, /The models differ: the lowest cosine of A \(starter\) and B \(other\) is /);
    assert.doesNotMatch(foreign.stderr, /in a batch/);
    const mixed = await againstAnswers(embeddings((_, together) => ramp.map((value) => value + 50 * together)));
    assert.match(mixed.stderr, /B gives a text a different vector in a batch than alone: cosine /);
  });

  it('wants a key where one is wanted, and says so in one line', async () => {
    await withKeysFile({ someone: 'the-key' }, async (apiKeysFile) => {
      const locked = await startService({ apiKeysFile });
      try {
        const urls = ['--url', packedService.url, '--url', locked.url];
        const { status, stderr } = await against(...urls, ...SHORT);
        assert.equal(status, 1);
        assert.match(stderr, /^B \(http\S+\) wants a key \(401\): .*\n$/);
        assert.equal((await against(...urls, ...SHORT, '--key-b', 'the-key')).status, 0);
      } finally {
        await locked.close();
      }
    });
  });

  it('names a server that cannot be reached and a model that is not served', async () => {
    const closed = await startAnswering(() => ({ body: {} }));
    closed.close();
    const unreachable = await against('--url', packedService.url, '--url', closed.url, ...SHORT);
    assert.equal(unreachable.status, 1);
    assert.match(unreachable.stderr, /^B \(http\S+\) cannot be reached: ECONNREFUSED\. .*\n$/);
    const urls = ['--url', packedService.url, '--url', paddedService.url];
    const unknown = await against(...urls, ...SHORT, '--model-a', 'nothing');
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /^A \(http\S+\) has no such model or route \(404\): .*starter.*\n$/);
  });

  it('says what an answer lacks that has no embeddings', async () => {
    const answers: [Said, RegExp][] = [
      [{ body: '<html>' }, /is not JSON: <html>/],
      [{ body: { ok: true } }, /not with embeddings: there is no array "data"/],
      [{ body: { data: [] } }, /not with embeddings: 12 texts gave 0 items/],
      [{ status: 500, body: 'broken' }, /with 500: broken/],
    ];
    for (const [said, expected] of answers) {
      const { status, stderr } = await againstAnswers(() => said);
      assert.deepEqual([status, stderr.trim().split('\n').length], [1, 1], stderr);
      assert.match(stderr, expected);
    }
    const items: [(index: number) => unknown, RegExp][] = [
      [() => ({ index: 99, embedding: [1] }), /index is 99/],
      [() => ({ index: 0, embedding: [1] }), /there is no item 1/],
      [(index) => ({ index, embedding: 'AAAA' }), /no array "embedding"/],
      [(index) => ({ index, embedding: [1, null] }), /components that are not numbers/],
      [(index) => ({ index, embedding: [0, 0] }), /vector of zeros/],
    ];
    for (const [item, expected] of items) {
      const { stderr } = await againstAnswers((_, body) => {
        const { input } = JSON.parse(body) as { input: string[] };
        return { body: { data: input.map((_text, index) => item(index)) } };
      });
      assert.match(stderr, expected);
    }
    const unlisted = await startAnswering(() => ({ body: { data: [] } }));
    const { stderr } = await against('--url', unlisted.url, '--url', packedService.url, ...SHORT);
    unlisted.close();
    assert.match(stderr, /^A \(http\S+\) lists no model at \/v1\/models: name the one to use\.\n$/);
  });

  it('counts the errors of the measurement, and ends with one where a server answered nothing', async () => {
    const { stdout, stderr, status } = await againstAnswers((_, body) => {
      const { input, encoding_format: format } = JSON.parse(body) as { input: string[]; encoding_format: string };
      if (format === 'base64') return { status: 429, body: {} };
      return { body: { data: input.map((_text, index) => ({ index, embedding: [1, 2] })) } };
    }, '--no-gate');
    assert.match(stdout, /\| B .* \| \d+ × 429 +\|/);
    assert.match(stderr, /answered no request of the measurement/);
    assert.equal(status, 1);
  });

  it('explains itself when the arguments make no sense', async () => {
    const wrong: [string[], RegExp][] = [
      [['--url', 'http://a'], /--url must be given twice; got 1/],
      [['--url', 'http://a', '--url', 'http://b', '--clients', '0'], /--clients is a number above 0, not 0/],
      [['--url', 'http://a', '--url', 'http://b', '--batch', '1.5'], /--batch must be an integer/],
      [['--url', 'http://a', '--url', 'http://b', '--format', 'xml'], /--format is float or base64/],
      [['--nonsense'], /nonsense/],
    ];
    for (const [args, expected] of wrong) {
      const { status, stderr } = await against(...args);
      assert.equal(status, 2);
      assert.match(stderr, expected);
      assert.match(stderr, /--model-a NAME/);
    }
    const { status, stderr } = await against('--url', 'ftp://a', '--url', packedService.url);
    assert.deepEqual([status, stderr], [1, 'ftp://a is no http:// or https:// URL.\n']);
    const missing = await against('--url', packedService.url, '--url', packedService.url, '--texts', 'no-such-file');
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^The texts cannot be read: ENOENT/);
  });
});
