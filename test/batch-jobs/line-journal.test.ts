import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LineJournal } from '../../src/batch-jobs/line-journal.ts';
import { answeredLine } from '../../src/batch-jobs/output-line.ts';

const PREFIX = 'batch_req_x_';

describe('LineJournal', () => {
  let folder: string;
  let files: { output: string; errors: string };
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-journal-'));
    files = { output: path.join(folder, 'output'), errors: path.join(folder, 'errors') };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const line = (ordinal: number, status = 200) => {
    const body = Buffer.from(JSON.stringify({ usage: { total_tokens: 3 }, data: 'x'.repeat(ordinal % 50) }));
    return answeredLine(
      { ordinal, id: PREFIX + ordinal, customId: `c${ordinal}` },
      { status, body, tokens: 3, retryAfterMs: undefined },
    );
  };
  /** Every third line fails. */
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => line(from + i, (from + i) % 3 === 0 ? 400 : 200));
  const write = async (...groups: [from: number, to: number][]) => {
    const journal = await LineJournal.open(files, PREFIX);
    for (const [from, to] of groups) await journal.append(lines(from, to));
    const { counts, tokens, next } = journal;
    await journal.close();
    return { ...counts, tokens, next };
  };
  const both = () => [readFileSync(files.output, 'utf8'), readFileSync(files.errors, 'utf8')];

  it('goes on where it was, with the same counts', async () => {
    await write([1, 7], [8, 20]);
    assert.deepEqual(await write(), { completed: 14, failed: 6, tokens: 60, next: 21 });
    await write([21, 30]);
    assert.equal(both().join('').split('\n').length, 32 - 1);
  });

  it('gives the same files, wherever its files were cut off before it went on', async () => {
    await write([1, 30]);
    const [output = '', errors = ''] = both();
    for (let cut = 0; cut <= errors.length; cut += 17) {
      for (const [file, other, length] of [
        [files.errors, files.output, cut],
        [files.output, files.errors, Math.min(output.length, cut * 2)],
      ] as const) {
        writeFileSync(files.output, output);
        writeFileSync(files.errors, errors);
        assert.ok(other);
        truncateSync(file, length);
        const { next } = await write();
        await write([next, 30]);
        assert.deepEqual(both(), [output, errors], `${file} cut at ${length}, went on at ${next}`);
      }
    }
  });

  it('takes a line that is torn, garbled, of another batch or not the next for none', async () => {
    for (const rubbish of [
      '{"id":"batch_req_x_21","custom_id":"c21","resp',
      '\0'.repeat(300),
      'not JSON\n',
      `${JSON.stringify({ id: 'batch_req_y_21', response: null })}\n`,
      line(5).text.toString(),
      `${JSON.stringify({ id: 'batch_req_x_0', response: null })}\n`,
      'null\n',
    ]) {
      await write([1, 20]);
      const before = both();
      appendFileSync(files.output, rubbish);
      const { next } = await write();
      assert.equal(next, 21, rubbish);
      assert.deepEqual(both(), before, rubbish);
      rmSync(files.output);
      rmSync(files.errors);
    }
  });

  it('writes both kinds of lines to one file, where there is one', async () => {
    files.errors = files.output;
    await write([1, 9], [10, 12]);
    assert.deepEqual(await write(), { completed: 8, failed: 4, tokens: 36, next: 13 });
    const ids = readFileSync(files.output, 'utf8')
      .trim()
      .split('\n')
      .map((text) => (JSON.parse(text) as { custom_id: string }).custom_id);
    assert.deepEqual(
      ids,
      Array.from({ length: 12 }, (_, i) => `c${i + 1}`),
    );
  });
});
