import { StartError } from '../errors.ts';
import type { PoolingSetting } from '../model-files/folder/choose-pooling.ts';
import type { Json } from '../model-files/folder/read-json.ts';
import type { TaskName } from '../model-files/manifest.ts';

/** The TASK setting: what a model is for, where its folder does not say. */
export type TaskSetting = 'auto' | TaskName;

/** What is known of what a model is for. */
export interface TaskFacts {
  name: string;
  /** By its own files; null: they do not say. */
  said: TaskName | null;
  config: Json;
  setting: TaskSetting;
  pooling: PoolingSetting;
  /** Sizes that vectors may be cut to, by the setting. */
  matryoshkaDimensions: readonly number[];
  /** By the hash of its weights, of models that everyone knows; asked last, since they may have to be read. */
  published: () => Promise<TaskName | null>;
}

const WORDS: Readonly<Record<TaskName, string>> = { embed: 'an embedding model', rerank: 'a reranker' };

/**
 * What the folder says, or the setting where it says nothing. Never a guess: a language model's files are the same for both.
 * @throws {StartError} when both say something, and not the same, or neither does; for a pooling of a reranker.
 */
export async function chooseTask(facts: TaskFacts): Promise<TaskName> {
  const { name, matryoshkaDimensions } = facts;
  const task = await decideTask(facts);
  if (task === 'rerank' && matryoshkaDimensions.length > 0) {
    throw new StartError(
      `MATRYOSHKA_DIMENSIONS=${matryoshkaDimensions} is for embedding models, and ${name} is a reranker. Unset it.`,
    );
  }
  return task;
}

async function decideTask({ name, said, config, setting, pooling, published }: TaskFacts): Promise<TaskName> {
  if (said !== null && setting !== 'auto' && setting !== said) {
    throw new StartError(`TASK=${setting}, but the files of ${name} say that it is ${WORDS[said]}. Unset TASK.`);
  }
  const settled = said ?? (setting === 'auto' ? null : setting);
  if (settled === 'rerank' && pooling !== 'auto') {
    throw new StartError(`POOLING=${pooling} is for embedding models, and ${name} is a reranker. Unset POOLING.`);
  }
  if (settled !== null) return settled;
  // Vectors are asked for.
  if (pooling !== 'auto') return 'embed';
  const known = await published();
  if (known !== null) return known;
  const architecture = [config.architectures].flat().find((one) => typeof one === 'string') ?? 'its architecture';
  if (!String(architecture).endsWith('ForCausalLM')) return 'embed';
  throw new StartError(
    `${name} has no modules.json, and a model of the class ${architecture} may be an embedding model or a reranker: hotvec does not guess. Set TASK=rerank for a reranker. For an embedding model add modules.json and 1_Pooling/config.json from the original repository, or set POOLING to what its model card says (last_token, cls, mean, max, mean_sqrt_len or weighted_mean).`,
  );
}
