import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { LineService } from '../../src/batch-jobs/line-service.ts';
import { runFile } from '../../src/batch-jobs/run-file.ts';
import { systemClock } from '../../src/clock.ts';
import { requestLine } from '../support/batches.ts';

const LINES = 5;

describe('runFile()', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-run-file-'));
  after(() => rmSync(folder, { recursive: true }));
  const input = path.join(folder, 'in.jsonl');
  const output = path.join(folder, 'out.jsonl');
  writeFileSync(input, Array.from({ length: LINES }, (_, i) => requestLine(`c${i}`, { input: `${i}` })).join('\n'));

  /** @param onAnswer told how many lines were asked before. */
  const run = (signal: AbortSignal, onAnswer: (before: number) => void = () => {}) => {
    let asked = 0;
    const service: LineService = {
      modelFor: () => ({ name: 'stub', fingerprint: 'f' }),
      windowTokensOf: () => 1,
      answer: async ({ body }) => {
        onAnswer(asked++);
        return { status: 200, body, tokens: 1, retryAfterMs: undefined };
      },
    };
    const limits = { maxLines: 100, maxLineBytes: 10_000 };
    const files = { input, output, errors: output, overwrite: false };
    return runFile({
      ...files,
      limits,
      service,
      signal,
      clock: systemClock,
      onStorage: () => {},
      onProgress: () => {},
    });
  };

  it('takes a file for neither empty nor whole that a signal kept it from reading', async () => {
    assert.deepEqual(await run(AbortSignal.abort()), { isWhole: false, total: 0, completed: 0, failed: 0 });
    assert.equal(existsSync(output), false);
  });

  it('keeps what an interrupted run answered when the next is interrupted while it reads', async () => {
    const stop = new AbortController();
    const first = await run(stop.signal, (before) => before === 2 && stop.abort());
    assert.ok('isWhole' in first && !first.isWhole && first.completed > 0, JSON.stringify(first));
    assert.deepEqual(await run(AbortSignal.abort()), { isWhole: false, total: 0, completed: 0, failed: 0 });
    assert.equal(existsSync(output), false, 'a part is not called whole');
    assert.deepEqual(await run(new AbortController().signal), { isWhole: true, total: 5, completed: 5, failed: 0 });
    assert.equal(readFileSync(output, 'utf8').trim().split('\n').length, LINES);
  });
});
