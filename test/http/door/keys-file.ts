import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { apiKeys } from '../stub-service.ts';

/** Gives `use` a key file as operators write it; it is gone afterwards. */
export async function withKeysFile<Result>(
  keys: Record<string, string>,
  use: (file: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-keys-'));
  const file = path.join(folder, 'keys.txt');
  const lines = apiKeys(keys).map(({ name, sha256 }) => `${name}:${sha256.toString('hex')}`);
  writeFileSync(file, `# name:sha256\n\n${lines.join('\n')}\n`);
  try {
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
