import { StartError } from '../../errors.ts';
import type { Pooling } from '../manifest.ts';

/** The POOLING setting: what to do where the folder does not say. */
export type PoolingSetting = 'auto' | Pooling;

/** What a folder says of its pooling. */
export interface DeclaredPooling {
  name: string;
  /** By modules.json; null where there is none. */
  declared: Pooling | null;
  /** Whether the graph gives `sentence_embedding`. */
  isPooledInGraph: boolean;
}

/** What a folder without modules.json leaves open besides the pooling. */
const LEFT_OPEN =
  'the prompts, the default prompt (config_sentence_transformers.json) and the length limit (sentence_bert_config.json)';

/**
 * What the folder says, or the setting where it says nothing. Never a guess. Without modules.json, the setting is also
 * the permission to serve a folder that may have lost its prompts and its limit, as an export into a separate folder
 * has.
 *
 * @throws {StartError} when both say something, and not the same, or neither does.
 */
export function choosePooling({ name, declared, isPooledInGraph }: DeclaredPooling, setting: PoolingSetting): Pooling {
  if (isPooledInGraph) return choosePooledInGraph(name, declared !== null, setting);
  if (setting === 'in_graph') {
    throw new StartError(
      `POOLING=in_graph, but the model has no sentence_embedding output. ${declared === null ? 'Set POOLING to what its model card says.' : 'Unset POOLING.'}`,
    );
  }
  if (declared === null) {
    if (setting !== 'auto') return setting;
    throw new StartError(
      `${name} has no modules.json, so its pooling is unknown, and hotvec does not guess. Add modules.json and 1_Pooling/config.json from the original repository, with ${LEFT_OPEN}, or set POOLING to what its model card says (last_token, cls, mean, max, mean_sqrt_len or weighted_mean).`,
    );
  }
  if (setting === 'auto' || setting === declared) return declared;
  throw new StartError(`POOLING=${setting}, but the model's own files say ${declared}. Unset POOLING.`);
}

function choosePooledInGraph(name: string, hasModules: boolean, setting: PoolingSetting): Pooling {
  if (setting !== 'auto' && setting !== 'in_graph') {
    const remedy = hasModules ? 'Unset POOLING' : 'Set POOLING=in_graph';
    throw new StartError(`POOLING=${setting}, but the ONNX graph does its own pooling. ${remedy}.`);
  }
  if (hasModules || setting === 'in_graph') return 'in_graph';
  throw new StartError(
    `${name} has no modules.json. Its ONNX graph does its own pooling, but ${LEFT_OPEN} are unknown, and without them vectors may be wrong. Export into FOLDER/onnx of a copy of the original model instead (optimum-cli export onnx --model FOLDER --task feature-extraction FOLDER/onnx) and set MODEL=FOLDER, or add the files from the original repository. If the model has no prompts and these files are all there is, set POOLING=in_graph.`,
  );
}
