import assert from 'node:assert/strict';
import { it } from 'node:test';
import { batchFolder, type OutputLine, requestLine } from '../support/batches.ts';
import { startService } from '../support/running-service.ts';
import { runProgram } from './run-program.ts';

/** A test that an SDK, unchanged, uploads, creates, polls, downloads, cancels and lists, and sees errors as its own. */
export function itRunsBatches(name: string, language: string, find: () => string[] | string): void {
  it(`${name}: the Batch API, unmodified`, async (t) => {
    const command = find();
    if (typeof command === 'string') return t.skip(command);
    const place = batchFolder();
    const service = await startService({ batchDir: place.folder });
    try {
      const bodies = Array.from({ length: 60 }, (_, i) => ({
        model: 'starter',
        input: i % 20 === 7 ? '' : `text ${i}`,
      }));
      const lines = bodies.map((body, i) => requestLine(`c${i}`, body));
      const wrong = [lines[0], lines[0], '{}'];
      const report = (await runProgram(command, { url: service.url, lines, wrong })) as Record<string, unknown>;
      const { output, errors, ...rest } = report as { output: OutputLine[]; errors: OutputLine[] };
      const isWrong = (i: number) => i % 20 === 7;
      const ids = bodies.map((_, i) => i);
      assert.deepEqual(
        output.map(({ custom_id: id }) => id),
        ids.filter((i) => !isWrong(i)).map((i) => `c${i}`),
      );
      assert.deepEqual(
        errors.map(({ custom_id: id }) => id),
        ids.filter(isWrong).map((i) => `c${i}`),
      );
      for (const { custom_id, response } of [...output, ...errors]) {
        const direct = await service.post('/v1/embeddings', bodies[Number(custom_id.slice(1))] as object);
        assert.deepEqual(response?.body, await direct.json(), custom_id);
        assert.equal(response?.status_code, direct.status);
      }
      assert.deepEqual(rest, {
        lifetime: 3_600,
        processed: 'processed',
        batch: {
          status: 'completed',
          counts: { total: 60, completed: 57, failed: 3 },
          metadata: { from: language },
          model: 'starter',
        },
        failed: {
          status: 'failed',
          errors: [
            ['duplicate_custom_id', 2],
            ['missing_required_parameter', 3],
          ],
        },
        cancelled: true,
        listed: true,
        files: true,
        deleted: true,
        gone: { class: 'NotFoundError', status: 404, code: 'file_not_found' },
        conflict: { class: 'ConflictError', status: 409, code: 'state_conflict' },
        unknown: { class: 'NotFoundError', status: 404, code: 'batch_not_found' },
        lost: { class: 'BadRequestError', status: 400, code: 'invalid_input' },
        swept: [],
      });
    } finally {
      await service.close();
      place.remove();
    }
  });
}
