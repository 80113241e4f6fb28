import assert from 'node:assert/strict';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { spawnCli } from '../support/spawned-cli.ts';

const MIB = 2 ** 20;
const ROWS = 200_000;
const HEAP_MIB = 128;
/** What garbage is left lying about differs between runs; whatever is kept of 600,000 rows more is beyond it. */
const MOST_GROWTH_MIB = 48;

/** The real command line on the real starter. Nearly all texts are those of others: what is computed takes no time beside the rows. */
describe('hotvec embed', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function peakOf(rows: number): Promise<number> {
    const input = path.join(folder, `${rows}.jsonl`);
    const file = createWriteStream(input);
    for (let i = 0; i < rows; i += 1_000) {
      const lines = Array.from({ length: 1_000 }, (_, n) => `{"text":"text ${(i + n) % 700}","n":${i + n}}\n`);
      if (!file.write(lines.join(''))) await new Promise((resolve) => file.once('drain', () => resolve(null)));
    }
    await new Promise<void>((resolve) => file.end(() => resolve()));
    const args = ['embed', input, '-o', path.join(folder, `${rows}.npy`), '--output-dtype', 'ubinary', '--keep', 'n'];
    // So little that garbage is collected when there is some, and is not a part of the peak.
    const cli = spawnCli([...args, '--quiet', '--threads', '1'], { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` });
    let peak = 0;
    // The kernel keeps the peak: the last look counts, and none is needed at a certain moment.
    const look = setInterval(() => {
      try {
        const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${cli.child.pid}/status`, 'utf8')) ?? [];
        peak = Math.max(peak, Number(kib ?? 0) * 1024);
      } catch {
        // It has ended.
      }
    }, 50);
    try {
      assert.equal(await cli.exit, 0, cli.output());
      assert.match(cli.output(), new RegExp(`${rows} rows`));
    } finally {
      clearInterval(look);
    }
    return peak / MIB;
  }

  it('takes no more memory for four times the rows', { skip: process.platform !== 'linux' }, async (t) => {
    const [few, many] = [await peakOf(ROWS), await peakOf(4 * ROWS)];
    t.diagnostic(`${few.toFixed()} MiB at the most of ${ROWS} rows, ${many.toFixed()} of ${4 * ROWS}`);
    assert.ok(many - few < MOST_GROWTH_MIB, `${few.toFixed()} MiB, ${many.toFixed()} MiB`);
  });
});
