import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchClient, batchFolder, type OutputLine, requestLine } from '../support/batches.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

export interface Kills {
  /** Of the batch. */
  lines: number;
  kills: number;
  seed: number;
}

/** One line in so many has an empty text, whose answer is an error. */
const WRONG = 50;

/**
 * A test that a batch has each answer once, and each right, although its server was killed at moments of a seed; and that
 * a query is answered while it runs.
 */
export function itSurvivesKills({ lines, kills, seed }: Kills): void {
  it(`answers ${lines} lines once each, as direct requests do, over ${kills} kills`, async (t) => {
    const random = new SeededRandom(seed);
    const place = batchFolder();
    const bodies = Array.from({ length: lines }, (_, i) => ({
      model: 'starter',
      input: i % WRONG === 7 ? '' : `${i} ${random.words()}`,
      encoding_format: 'base64',
    }));
    let cli: SpawnedCli | undefined;
    try {
      const start = async () => {
        cli = spawnCli(['serve', '--port', '0', '--batch-dir', place.folder, '--threads', '1', '--device', 'cpu']);
        const { url } = await cli.line('ready');
        return new BatchClient(String(url));
      };
      let client = await start();
      const { id } = await client.begin(bodies.map((body, i) => requestLine(`c${i}`, body)));
      const progress: number[] = [];
      for (let kill = 0; kill < kills; kill++) {
        // At a part of what is left, so that there is something left.
        const done = ({ completed, failed }: { completed: number; failed: number }) => completed + failed;
        const before = done((await client.retrieve(id)).request_counts);
        const target = before + ((lines - before) / (kills + 1 - kill)) * (0.5 + random.next() / 2);
        const at = await client.until(id, ({ request_counts: counts }) => done(counts) >= target);
        progress.push(done(at.request_counts));
        const query = await client.ask('POST', '/v1/embeddings', { input: `a query beside ${kill}` });
        assert.equal(query.status, 200);
        await query.arrayBuffer();
        await sleep(20 * random.next());
        cli?.child.kill('SIGKILL');
        await cli?.exit;
        if (kill === 0) tear(place.folder, id);
        client = await start();
        // The group under way may have been cut off, and what `tear` cuts off.
        const counts = (await client.retrieve(id)).request_counts;
        assert.ok(done(counts) > 0 && counts.total === lines, JSON.stringify(counts));
      }
      t.diagnostic(`killed after ${progress.join(', ')} of ${lines} lines`);
      const batch = await client.until(id);
      assert.equal(batch.status, 'completed', JSON.stringify(batch));
      const answered = [...(await client.output(batch)), ...(await client.errors(batch))];
      const wrong = bodies.filter(({ input }) => input === '').length;
      assert.deepEqual(batch.request_counts, { total: lines, completed: lines - wrong, failed: wrong });
      assert.deepEqual(
        answered.map(({ custom_id: one }) => one).sort(),
        bodies.map((_, i) => `c${i}`).sort(),
        'each once',
      );
      await compare(answered, bodies, client);
    } finally {
      cli?.child.kill('SIGKILL');
      await cli?.exit;
      place.remove();
    }
  });
}

/** What a power loss leaves: half of a line. */
function tear(folder: string, id: string): void {
  const job = JSON.parse(readFileSync(path.join(folder, 'batches', `${id}.json`), 'utf8')) as { outputFileId: string };
  const file = path.join(folder, 'files', job.outputFileId);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, text.trimEnd().lastIndexOf('\n') + 200));
}

/** Each answer is the one that the text gets directly, whatever it is computed with then. */
async function compare(answered: OutputLine[], bodies: { input: string }[], client: BatchClient): Promise<void> {
  const PART = 500;
  const vectorOf = (body: Record<string, unknown> | undefined) =>
    (body?.data as { embedding: string }[] | undefined)?.[0]?.embedding;
  const succeeded = answered.filter(({ response }) => response?.status_code === 200);
  for (let at = 0; at < succeeded.length; at += PART) {
    const part = succeeded.slice(at, at + PART);
    const input = part.map(({ custom_id: id }) => bodies[Number(id.slice(1))]?.input);
    const direct = await client.ask('POST', '/v1/embeddings', { model: 'starter', input, encoding_format: 'base64' });
    const { data } = (await direct.json()) as { data: { embedding: string }[] };
    for (const [i, { custom_id, response }] of part.entries()) {
      assert.equal(vectorOf(response?.body), data[i]?.embedding, custom_id);
    }
  }
  for (const { custom_id, response } of answered.filter((one) => !succeeded.includes(one))) {
    assert.deepEqual([response?.status_code, bodies[Number(custom_id.slice(1))]?.input], [400, ''], custom_id);
  }
}
