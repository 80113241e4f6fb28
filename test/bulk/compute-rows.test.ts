import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { assemble } from '../../src/bulk/assemble.ts';
import { type ComputeOptions, computeRows } from '../../src/bulk/compute-rows.ts';
import type { Item, ResultSource } from '../../src/bulk/result-source.ts';
import { ALL_ROWS } from '../../src/bulk/shard.ts';
import { valueRecord } from '../../src/bulk/value-record.ts';
import { WorkFolder } from '../../src/bulk/work-folder.ts';
import type { ResultRow, RowSource } from '../../src/bulk-files/rows.ts';

const record = valueRecord({ name: 'score' });

describe('computeRows()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Rows of these texts; of null a row that cannot be used. */
  function rowsOf(texts: readonly (string | null)[]): RowSource {
    async function* rows(from: number) {
      for (const [i, text] of texts.entries()) {
        if (i < from) continue;
        const problem = text === null ? 'it has no "text"' : null;
        const texts = text === null ? null : [text];
        yield { number: i, place: `line ${i + 1}`, id: i, idType: 'int64', kept: [], texts, problem };
      }
    }
    return { rows, bytesRead: () => 0 } as unknown as RowSource;
  }
  /** Scores a text by its length; `bad` ones fail. Windows have about two texts. */
  function scoring(asked: string[] = [], fails = (text: string) => text.startsWith('bad')): ResultSource {
    return {
      facts: { model: 'm', fingerprint: 'f', device: 'cpu', dimensions: null, isUnit: false },
      neighbors: 'like_length',
      load: { calls: 2, tokensPerCall: 1, tokensPerWindow: 3 },
      async compute(items: readonly Item[], signal: AbortSignal) {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        const results = items.map(([text = '']) => {
          asked.push(text);
          return fails(text) ? ({ code: 'empty_input', message: 'no' } as const) : text.length;
        });
        return { results, tokens: items.length };
      },
      close: async () => {},
    };
  }
  const compute = async (texts: readonly (string | null)[], options: Partial<ComputeOptions> = {}) => {
    const work = await WorkFolder.open(folder, record.bytes);
    try {
      await computeRows({
        rows: rowsOf(texts),
        range: ALL_ROWS,
        source: scoring(),
        record,
        work,
        signal: new AbortController().signal,
        onProgress() {},
        ...options,
      });
      return work.done;
    } finally {
      await work.close();
    }
  };
  const assembled = async (texts: readonly (string | null)[]) => {
    const work = await WorkFolder.open(folder, record.bytes);
    const written: ResultRow[] = [];
    const writer = {
      write: async (rows: readonly ResultRow[]) => void written.push(...rows),
      finish: async () => {},
      abandon: async () => {},
    };
    const { signal } = new AbortController();
    try {
      await assemble({ rows: rowsOf(texts), range: ALL_ROWS, record, work, writer, signal, onWritten() {} });
      return written.map(({ id, value }) => [id, value]);
    } finally {
      await work.close();
    }
  };

  it('computes each text once, whichever window has it again, and also texts that failed before', async () => {
    const asked: string[] = [];
    const texts = [
      'aaaaaa',
      'bb',
      'bb',
      null,
      'bad 1',
      'aaaaaa',
      'cccccccc',
      'bad 1',
      'dddddddddd',
      'bb',
      'bad 1',
      'eeeee',
    ];
    const done = await compute(texts, { source: scoring(asked) });
    const { rows, failed, shared } = done;
    assert.deepEqual({ rows, failed, shared }, { rows: 12, failed: 4, shared: 3 });
    const good = asked.filter((text) => !text.startsWith('bad'));
    assert.equal(new Set(good).size, good.length);
    assert.deepEqual(
      await assembled(texts),
      texts.flatMap((text, i) => (text === null || text.startsWith('bad') ? [] : [[i, text.length]])),
    );
    const failures = readFileSync(path.join(folder, 'failures'), 'utf8').trim().split('\n');
    assert.deepEqual(
      failures.map((line) => {
        const { row, error } = JSON.parse(line) as { row: number; error: { code: string } };
        return [row, error.code];
      }),
      [
        [3, 'invalid_input'],
        [4, 'empty_input'],
        [7, 'empty_input'],
        [10, 'empty_input'],
      ],
    );
  });

  it('goes on behind the last window that is done, and knows the texts of those before', async () => {
    const texts = Array.from({ length: 60 }, (_, i) => 'x'.repeat(1 + (i % 20)));
    const stop = new AbortController();
    await assert.rejects(
      compute(texts, {
        signal: stop.signal,
        onProgress: ({ rows }) => rows >= 20 && stop.abort(new Error('stopped')),
      }),
      /stopped/,
    );
    const asked: string[] = [];
    const done = await compute(texts, { source: scoring(asked) });
    assert.equal(done.rows, 60);
    assert.deepEqual(asked, [], 'all are known');
    assert.deepEqual(
      await assembled(texts),
      texts.map((text, i) => [i, text.length]),
    );
  });

  it('keeps what is done when the source gives up', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    const source = scoring([], (text) => {
      if (text === 'text 30') throw new Error('no engine');
      return false;
    });
    await assert.rejects(compute(texts, { source }), /no engine/);
    const work = await WorkFolder.open(folder, record.bytes);
    assert.ok(work.done.rows > 0 && work.done.rows <= 30);
    await work.close();
  });

  /** Reads ahead of a source that answers nothing, until no more is read. */
  async function readAhead(calls: number, { textBytes, recordBytes }: { textBytes: number; recordBytes: number }) {
    const [stop, found] = [new AbortController(), { rows: 0, asked: 0 }];
    async function* rows() {
      for (let i = 0; i < 400_000; i++) {
        found.rows += 1;
        const texts = [`${i} `.padEnd(textBytes, 'x')];
        yield { number: i, place: '', id: i, idType: 'int64', kept: [], texts, problem: null };
      }
    }
    const source: ResultSource = {
      ...scoring(),
      load: { calls, tokensPerCall: 8_192, tokensPerWindow: (4 / 3) * calls * 8_192 },
      compute(_, signal) {
        found.asked += 1;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    };
    setMaxListeners(0, stop.signal);
    const running = compute([], {
      rows: { rows, bytesRead: () => 0 } as unknown as RowSource,
      record: { ...record, bytes: recordBytes },
      source,
      signal: stop.signal,
    });
    running.catch(() => {});
    for (let idle = 0, before = -1; idle < 4; ) {
      idle = found.rows > before ? 0 : idle + 1;
      before = found.rows;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    stop.abort(new Error('seen'));
    await assert.rejects(running, /seen/);
    return found;
  }

  it('reads ahead by what a fleet takes: three requests for each of a thousand servers, no more for an engine', async () => {
    // As openFleet() asks for: three calls a server, of about 8,192 tokens.
    assert.equal((await readAhead(3_000, { textBytes: 1_000, recordBytes: 4_096 })).asked, 3_000);
    const engine = await readAhead(4, { textBytes: 10, recordBytes: 4_096 });
    assert.ok(engine.rows <= 3 * 8_192 + 1, `${engine.rows} rows`);
  });

  it('reads ahead by no more than the stated memory, however many servers there are', async () => {
    const { rows } = await readAhead(1_000_000, { textBytes: 10, recordBytes: 4_096 });
    assert.ok(rows > 2 * 65_536 && rows * 4_096 <= 3 * 256 * 2 ** 20 + 4_096, `${rows} rows`);
  });

  it('writes no result beside a text that it is not of', async () => {
    await compute(['one', 'two', 'three']);
    await assert.rejects(assembled(['one', 'too', 'three']), { name: 'StartError', message: /line 2/ });
    await assert.rejects(assembled(['one', 'two']), { name: 'StartError' });
    await assert.rejects(assembled(['one', 'two', 'three', 'four']), { name: 'StartError' });
  });
});
