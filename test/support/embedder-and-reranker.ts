import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../src/settings/config.ts';
import { type RunningService, startService } from './running-service.ts';

/**
 * The starter and a reranker in one service: its weights as such, or another folder.
 * @param entries settings of each, as MODELS_FILE has them, and of more models.
 */
export async function startEmbedderAndReranker(
  { starter = {}, reranker = {}, others = [] }: { starter?: object; reranker?: object; others?: object[] } = {},
  settings: Partial<Config> = {},
): Promise<RunningService> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  const file = path.join(folder, 'models.yaml');
  // JSON is YAML.
  writeFileSync(
    file,
    JSON.stringify({
      models: [{ model: 'starter', ...starter }, { model: 'starter-reranker', ...reranker }, ...others],
    }),
  );
  try {
    return await startService({ modelsFile: file, device: 'cpu', ...settings });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
