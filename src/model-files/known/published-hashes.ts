import { stat } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import type { FileHashes } from '../file-hashes.ts';
import type { TaskName } from '../manifest.ts';

/** What is known of a release without asking anyone. */
export interface Release {
  /** The commit on the Hugging Face hub; null: only the weights are known. */
  commit: string | null;
  /** What it was published for. */
  task: TaskName;
  /** File to SHA-256. */
  files: Record<string, string>;
  /** Size of its `model.safetensors`. */
  weightsBytes: number;
}

/** Read from public repositories that pin these files, not from hotvec's own download. */
export const RELEASES = {
  'Qwen/Qwen3-Embedding-0.6B': {
    commit: '97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3',
    task: 'embed',
    files: {
      'config.json': 'b5bf1f51fc45be473a54718cef92448d90a1be001bf9b9a44b8c7f10a19feaa9',
      'config_sentence_transformers.json': '10667c72ddb772627bf1780cb7f86af8e2ae0032b8c243c731172064105c6961',
      'model.safetensors': '0437e45c94563b09e13cb7a64478fc406947a93cb34a7e05870fc8dcd48e23fd',
      'modules.json': '84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf',
      'tokenizer.json': 'def76fb086971c7867b829c23a26261e38d9d74e02139253b38aeb9df8b4b50a',
      'tokenizer_config.json': '253153d0738ceb4c668d2eff957714dd2bea0b56de772a9fdccd96cbf517e6a0',
      '1_Pooling/config.json': '37bf193fa101f19101bfad9c31d3eb0f786e247b7b1e5cb7f007d730eed1ddbd',
    },
    weightsBytes: 1_191_586_416,
  },
  // Read from the hub's record of its weights.
  'Qwen/Qwen3-Reranker-0.6B': {
    commit: null,
    task: 'rerank',
    files: { 'model.safetensors': '27cd75a405b9c1b46b59abfd88aaa209e6fed2a1972cde9b70e7659537c5e65b' },
    weightsBytes: 1_191_588_280,
  },
} satisfies Record<string, Release>;

const WEIGHTS = 'model.safetensors';
/** Files that decide every vector, and that a release keeps whatever else is edited around them. */
const DECISIVE = [WEIGHTS, 'tokenizer.json'];

/**
 * The hashes that the files of a repository must have, whatever a hub or mirror says. At the known commit: every file
 * listed. At another commit of the Hugging Face hub itself: none, since a publisher may release again. A mirror may
 * call any commit by any name, and ModelScope numbers its commits itself: there weights and tokenizer must match at
 * every revision.
 *
 * @param repository hubs do not tell upper from lower case, so neither does this.
 * @param isOrigin whether it comes from the hub it was published on, and not from a mirror.
 * @returns path → SHA-256.
 */
export function publishedHashes(repository: string, revision: string, isOrigin: boolean): Map<string, string> {
  const known = Object.entries<Release>(RELEASES).find(([name]) => name.toLowerCase() === repository.toLowerCase());
  if (known === undefined) return new Map();
  const [, release] = known;
  if (revision === release.commit) return new Map(Object.entries(release.files));
  if (isOrigin) return new Map();
  return new Map(Object.entries(release.files).filter(([file]) => DECISIVE.includes(file)));
}

/** @throws {StartError} for a file that is not the published one. */
export function checkPublished(
  repository: string,
  file: string,
  sha256: string,
  published: ReadonlyMap<string, string>,
): void {
  const expected = published.get(file);
  if (expected === undefined || expected === sha256) return;
  throw new StartError(
    `${file} of ${repository} is not the published file: its sha256 is ${sha256}, expected ${expected}. Do not use this source; unset HF_ENDPOINT, or set MODEL_SOURCE to another one.`,
  );
}

/**
 * What a folder's weights were published for, whatever it is called; null: they are not known. Gigabytes are only hashed
 * where their size is that of known ones.
 */
export async function findPublishedTask(folder: string, files: FileHashes): Promise<TaskName | null> {
  const file = path.join(folder, WEIGHTS);
  const size = await stat(file).then(
    (found) => found.size,
    () => -1,
  );
  for (const release of Object.values<Release>(RELEASES)) {
    if (release.weightsBytes === size && (await files.of(file)) === release.files[WEIGHTS]) return release.task;
  }
  return null;
}
