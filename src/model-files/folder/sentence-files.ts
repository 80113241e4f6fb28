import { StartError } from '../../errors.ts';
import { checkModelKind } from './model-kind.ts';
import type { ReadJson } from './read-json.ts';
import { readSentenceConfig, type SentenceConfig } from './sentence-config.ts';
import { checkModuleConfigs, type SentenceModules } from './sentence-modules.ts';
import { readTransformerConfig, type TransformerConfig } from './transformer-config.ts';

/** What the files of sentence-transformers say of a model, but for pooling and Dense, which not every path needs. */
export interface SentenceFiles {
  /** null where there is no modules.json. */
  modules: SentenceModules | null;
  transformer: TransformerConfig;
  sentence: SentenceConfig;
}

/**
 * Reads them all, and checks that hotvec does what they say, field by field.
 *
 * @param has whether the model has a file, by its path relative to the model's folder.
 * @throws {StartError} naming file and field, or saying what the model is, if no embedding model.
 */
export async function readSentenceFiles(
  name: string,
  has: (file: string) => boolean,
  read: ReadJson,
): Promise<SentenceFiles> {
  const modules = await checkModelKind(name, has, read);
  if (modules !== null) {
    checkTransformerFolder(modules);
    await checkModuleConfigs(read, modules);
  }
  const [transformer, sentence] = await Promise.all([readTransformerConfig(read), readSentenceConfig(read)]);
  return { modules, transformer, sentence };
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
