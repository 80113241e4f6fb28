import type { InferenceSession } from 'onnxruntime-node';
import { StartError } from '../../errors.ts';
import type { TaskName } from '../../model-files/manifest.ts';

/** The one output that is fetched: ONNX Runtime copies every fetched one into JavaScript's memory. */
export interface ChosenOutput {
  name: string;
  /** Whether it is [batch, width], pooled in the graph, or a score, [batch, 1] or [batch]; else [batch, sequence, width]. */
  isPooled: boolean;
}

const HIDDEN_STATES = ['last_hidden_state', 'token_embeddings'];
/** Rank 3 as well, but words to come, not meaning. */
const NOT_HIDDEN_STATES = /logits/;
const TYPES = ['float32', 'float16'];
/** The output of cross-encoders. */
export const SCORES = 'logits';

/**
 * @throws {StartError} when no output, or more than one, could be what the task needs, or its type cannot be read.
 */
export function chooseOutput(
  metadata: readonly InferenceSession.ValueMetadata[],
  task: TaskName = 'embed',
): ChosenOutput {
  const tensors = metadata.filter((output) => output.isTensor);
  const named = (name: string) => tensors.find((output) => output.name === name);
  const rankThree = tensors.filter(({ name, shape }) => shape.length === 3 && !NOT_HIDDEN_STATES.test(name));
  const pooled = named(task === 'rerank' ? SCORES : 'sentence_embedding');
  const chosen =
    pooled ??
    HIDDEN_STATES.map(named).find((output) => output !== undefined) ??
    (rankThree.length === 1 ? rankThree[0] : undefined);
  if (chosen === undefined) {
    const found = tensors.map(({ name, shape }) => `${name} [${shape}]`).join(', ');
    throw new StartError(
      `The ONNX graph returns ${found}; hotvec expects sentence_embedding, last_hidden_state, token_embeddings, or one output [batch, sequence, width]. Export it with --task feature-extraction.`,
    );
  }
  if (!TYPES.includes(chosen.type)) {
    throw new StartError(
      `The ONNX graph returns ${chosen.name} as ${chosen.type}; hotvec reads ${TYPES.join(' and ')}.`,
    );
  }
  return { name: chosen.name, isPooled: chosen === pooled };
}
