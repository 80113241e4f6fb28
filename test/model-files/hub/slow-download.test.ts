import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { type DownloadOptions, downloadFile } from '../../../src/model-files/hub/download-file.ts';

const bytes = Buffer.alloc(300_000, 'x');
const digest = createHash('sha256').update(bytes).digest('hex');

/** Downloads a file that comes in pieces of `size` bytes, one every ten seconds. Returns the reasons for new tries. */
async function download(size: number): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  const reasons: string[] = [];
  let seconds = 0;
  async function* body(from: number) {
    for (let at = from; at < bytes.length; at += size) {
      seconds += 10;
      yield bytes.subarray(at, at + size);
    }
  }
  const open: DownloadOptions['open'] = async (offset) => {
    const headers = new Headers({ 'content-range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}` });
    return { status: 206, headers, body: body(offset) };
  };
  try {
    await downloadFile({
      file: { path: 'model.safetensors', size: bytes.length, algorithm: 'sha256', digest },
      blob: path.join(folder, digest),
      open,
      wait: async () => {},
      onBytes: () => {},
      onRetry: (reason) => reasons.push(reason),
      clock: { now: () => seconds * 1000 },
    });
    return reasons;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a download', () => {
  it('may be slow', async () => {
    assert.deepEqual(await download(12_000), []);
  });

  it('is tried again, and given up, where next to nothing comes', async () => {
    await assert.rejects(download(1000), {
      name: 'StartError',
      message: /^model\.safetensors: only 6000 bytes arrived in a minute, repeatedly\. Try another network or mirror/,
    });
  });
});
