import { StartError } from '../../errors.ts';
import type { TaskName } from '../manifest.ts';
import type { ModelFiles } from './model-files.ts';
import { readModelKind } from './model-kind.ts';
import { readSentenceConfig, type SentenceConfig } from './sentence-config.ts';
import { checkModuleConfigs, type SentenceModules } from './sentence-modules.ts';
import { readTransformerConfig, type TransformerConfig } from './transformer-config.ts';

/** What the files of sentence-transformers say of a model, but for pooling and Dense, which not every path needs. */
export interface SentenceFiles {
  /** null where there is no modules.json. */
  modules: SentenceModules | null;
  /** What they say that the model is for; null: nothing says it. */
  task: TaskName | null;
  transformer: TransformerConfig;
  sentence: SentenceConfig;
}

/**
 * Reads them all, and checks that hotvec does what they say, field by field.
 *
 * @throws {StartError} naming file and field, or saying what the model is, if neither of the two.
 */
export async function readSentenceFiles(files: ModelFiles): Promise<SentenceFiles> {
  const read = (file: string) => files.readJson(file);
  const { modules, task } = await readModelKind(files);
  if (modules !== null) {
    checkTransformerFolder(modules);
    await checkModuleConfigs(read, modules);
  }
  const [transformer, sentence] = await Promise.all([
    readTransformerConfig(read, task === 'rerank'),
    readSentenceConfig(read),
  ]);
  return { modules, task, transformer, sentence };
}

/** The first versions of sentence-transformers kept weights and tokenizer in a folder of their own. */
function checkTransformerFolder({ kinds, folders }: SentenceModules): void {
  const i = kinds.indexOf('Transformer');
  const folder = folders[i] ?? '';
  if (folder === '') return;
  throw new StartError(
    `modules.json: the Transformer is in ${folder}; hotvec reads only one in the model folder itself. Save the model again: SentenceTransformer(MODEL).save_pretrained(FOLDER).`,
  );
}
