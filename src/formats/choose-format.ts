import { StartError } from '../errors.ts';
import type { ModelFiles } from '../model-files/folder/model-files.ts';
import { describeMissingSafetensors, hasSafetensors } from '../model-files/folder/safetensors.ts';
import type { Dtype, LeftAside, WeightChoice, WeightKind } from '../model-files/manifest.ts';
import { FORMATS } from './formats.ts';
import type { FolderFacts, ModelFormat, Recognition } from './model-format.ts';

/** Which format computes a folder, and what of it none does. */
export interface ChosenFormat {
  format: ModelFormat;
  /** The precisions that file names promise, of all formats that were to choose from. */
  dtypes: readonly Dtype[];
  leftAside: LeftAside | null;
}

interface Answer {
  format: ModelFormat;
  answer: Recognition;
}

/** What all formats make of a folder. */
interface Answers {
  files: ModelFiles;
  facts: FolderFacts;
  answers: readonly Answer[];
}

/**
 * Chooses among the formats that recognize a folder: the first in the list, so safetensors before an export, unless only
 * another has the precision that is named, or WEIGHTS names the kind.
 * @returns an error where none does, saying what the one that it is meant for lacks.
 */
export async function chooseFormat(
  files: ModelFiles,
  facts: FolderFacts,
  { weights, dtype }: WeightChoice,
): Promise<ChosenFormat | StartError> {
  const answers = await Promise.all(
    Object.values<ModelFormat>(FORMATS).map(async (format) => ({
      format,
      answer: await format.recognize(files, facts),
    })),
  );
  const found: Answers = { files, facts, answers };
  const own = ownOf(weights === 'auto' ? answers : ofKind(answers, weights));
  const chosen = own.find(({ dtypes }) => dtype === 'auto' || dtypes.includes(dtype)) ?? own[0];
  if (chosen === undefined) return notServed(found, weights);
  const { format } = chosen;
  return {
    format,
    dtypes: dtypesOf(own),
    leftAside: findLeftAside(found, format.weightKind === 'onnx' ? 'safetensors' : 'onnx'),
  };
}

function findLeftAside(found: Answers, kind: WeightKind): LeftAside | null {
  const own = ownOf(ofKind(found.answers, kind));
  if (own.length > 0) return { kind, reason: null, dtypes: dtypesOf(own) };
  if (kind === 'onnx' || !hasSafetensors(found.files)) return null;
  return { kind, reason: explainSafetensors(found), dtypes: [] };
}

function notServed(found: Answers, weights: WeightChoice['weights']): StartError {
  const { files, answers } = found;
  const ofExports = reasonsOf(ofKind(answers, 'onnx')).join(' ');
  if (weights === 'auto') {
    const isComputed = reasonsOf(ofKind(answers, 'safetensors')).length > 0;
    const isPickled = isComputed && !hasSafetensors(files) && files.has('pytorch_model.bin');
    const hasGraphs = [...files.list()].some((file) => file.endsWith('.onnx'));
    const reasons = [
      // That they are missing says nothing where hotvec would not compute them.
      ...(isComputed || hasSafetensors(files) ? [explainSafetensors(found)] : []),
      // To save a pickle as safetensors is simpler than to export it.
      ...(isPickled && !hasGraphs ? [] : [ofExports]),
    ];
    return new StartError(`${files.name} has no weights that hotvec can serve. ${reasons.join(' ')}`);
  }
  const reason = weights === 'onnx' ? ofExports : explainSafetensors(found);
  const hasOthers = ownOf(answers).length > 0;
  const others = weights === 'onnx' ? 'its safetensors' : 'its ONNX export';
  const remedy = hasOthers ? ` Unset WEIGHTS to compute ${others}.` : '';
  return new StartError(`WEIGHTS=${weights} cannot be used for ${files.name}. ${reason}${remedy}`);
}

/** Why no format computes the safetensors of a folder, by the one that its architecture is of. */
function explainSafetensors({ files, facts, answers }: Answers): string {
  const reasons = reasonsOf(ofKind(answers, 'safetensors'));
  if (reasons.length > 0) return reasons.join(' ');
  if (!hasSafetensors(files)) return describeMissingSafetensors(files);
  const known = [...new Set(answers.flatMap(({ format }) => format.modelTypes))].sort();
  const found = JSON.stringify(facts.config.model_type) ?? 'missing';
  return `config.json: model_type is ${found}, and from safetensors hotvec computes ${known.join(', ')} only.`;
}

const ofKind = (answers: readonly Answer[], kind: WeightKind): Answer[] =>
  answers.filter(({ format }) => format.weightKind === kind);

const ownOf = (answers: readonly Answer[]) =>
  answers.flatMap(({ format, answer }) => (answer.isOwn ? [{ format, dtypes: answer.dtypes }] : []));

const reasonsOf = (answers: readonly Answer[]): string[] =>
  answers.flatMap(({ answer }) => (answer.isOwn || answer.reason === null ? [] : [answer.reason]));

const dtypesOf = (own: readonly { dtypes: readonly Dtype[] }[]): Dtype[] => [
  ...new Set(own.flatMap(({ dtypes }) => dtypes)),
];
