import type { Json } from '../read-json.ts';
import { FAMILIES } from './class-names.ts';
import type { TokenizerParts } from './tokenizer-parts.ts';

/** A piece of what two texts become: a token that always stands there, or one of the texts. */
export interface PairPiece {
  /** Its id; null: the text whose turn it is. */
  token: number | null;
  /** The token type (`token_type_ids`) that a model gets for it, if it takes any. */
  type: number;
}

/** How a tokenizer joins two texts. */
export interface PairDescription {
  /** The first text comes first; empty: its post-processor is of an unknown kind. */
  pieces: readonly PairPiece[];
  /** Why there is no one right list of ids; null: there is. */
  complaint: string | null;
  /** Why there is no one right list of token types, where a model takes them; null: there is. */
  typeComplaint: string | null;
}

/** What one version of transformers makes of a folder. */
export interface PairReading {
  /** Of its class, without a final `Fast`. */
  className: string;
  parts: TokenizerParts;
}

/** Classes that pass token types on to the model although their family does not, or the reverse. */
const DISTIL_BERT = 'DistilBertTokenizer';
const FNET = 'FNetTokenizer';
/** `model_input_names` of the classes: they pass on token types where it has `token_type_ids`. */
const PASS_TYPES = { 4: ['file', 'albert', 'bert', 'deberta', 'deberta_v2'], 5: ['bert', 'deberta', 'deberta_v2'] };

/**
 * What the pieces of a pair are, and whether both versions of transformers say so.
 * @param inputNames `model_input_names` of tokenizer_config.json, which comes before that of the class.
 * @param file the parts of tokenizer.json that stay as they are; null: its post-processor is replaced.
 * @param named where the class comes from, for messages.
 */
export function describePairs(
  readings: { version4: PairReading | null; version5: PairReading },
  { inputNames, file, named }: { inputNames: unknown; file: TokenizerParts | null; named: string },
): PairDescription {
  const { version4, version5 } = readings;
  const [pieces4, pieces5] = [version4, version5].map((one) => one && piecesOf(one.parts.post_processor)) as [
    PairPiece[] | null,
    PairPiece[],
  ];
  const ids = (pieces: readonly PairPiece[]) => JSON.stringify(pieces.map(({ token }) => token));
  const chosen = pieces4 ?? pieces5;
  const others = file === null ? [pieces5] : [pieces5, piecesOf(file.post_processor)];
  const differs = others.some((one) => ids(one) !== ids(chosen));
  const typed = (pieces: readonly PairPiece[], isPassedOn: boolean) =>
    pieces.map(({ token, type }) => ({ token, type: isPassedOn ? type : 0 }));
  const passesOn = (version: 4 | 5, { className }: PairReading) => passesTypes(version, className, inputNames);
  const typed5 = typed(pieces5, passesOn(5, version5));
  const typed4 = version4 === null || pieces4 === null ? typed5 : typed(pieces4, passesOn(4, version4));
  const hasSameTypes = JSON.stringify(typed4) === JSON.stringify(typed5);
  return {
    pieces: typed4,
    complaint:
      chosen.length === 0
        ? 'tokenizer.json: post_processor does not put a first text before a second in a way that hotvec knows (BertProcessing, RobertaProcessing or TemplateProcessing).'
        : differs
          ? `${named}, and the class and tokenizer.json put different tokens between two texts (post_processor: pair), so one pair has two possible lists of token ids. If tokenizer.json is correct as it is, set tokenizer_class to "PreTrainedTokenizerFast" in tokenizer_config.json in a copy of the folder.`
          : null,
    typeComplaint: hasSameTypes
      ? null
      : `${named}: of transformers 4.57.6 and 5.24.0 one passes token types of the second text to the model, and one does not. Set model_input_names in tokenizer_config.json in a copy of the folder: ["input_ids", "token_type_ids", "attention_mask"] if the model was trained with them, or else ["input_ids", "attention_mask"]; and tokenizer_class to "PreTrainedTokenizerFast" if the class has other types than tokenizer.json.`,
  };
}

function passesTypes(version: 4 | 5, className: string, inputNames: unknown): boolean {
  if (Array.isArray(inputNames)) return inputNames.includes('token_type_ids');
  if (className === DISTIL_BERT) return false;
  return className === FNET || PASS_TYPES[version].includes(FAMILIES[className] ?? 'file');
}

/** As the tokenizers library joins two texts; [] for a post-processor of an unknown kind. */
function piecesOf(processor: TokenizerParts['post_processor']): PairPiece[] {
  const [first, second] = [
    { token: null, type: 0 },
    { token: null, type: 1 },
  ];
  const tokenOf = (field: unknown, type: number) => ({ token: (field as [string, number])[1], type });
  switch (processor?.type) {
    case undefined:
    case 'ByteLevel':
      return [first, second];
    case 'BertProcessing': {
      const { cls, sep } = processor;
      return [tokenOf(cls, 0), first, tokenOf(sep, 0), second, tokenOf(sep, 1)];
    }
    case 'RobertaProcessing': {
      const [cls, sep] = [tokenOf(processor.cls, 0), tokenOf(processor.sep, 0)];
      return [cls, first, sep, sep, { ...second, type: 0 }, sep];
    }
    case 'Sequence': {
      const steps = (processor.processors as Json[]).filter(({ type }) => type !== 'ByteLevel');
      return steps.length > 1 ? [] : piecesOf(steps[0] ?? null);
    }
    case 'TemplateProcessing':
      return piecesOfTemplate(processor);
    default:
      return [];
  }
}

interface TemplatePiece {
  SpecialToken?: { id: string; type_id: number };
  Sequence?: { id: string; type_id: number };
}

/** [] for a template that does not put the first text before the second. */
function piecesOfTemplate({ pair, special_tokens }: Json): PairPiece[] {
  const tokens = special_tokens as Record<string, { ids: number[] }>;
  const pieces = (pair ?? []) as TemplatePiece[];
  const order = pieces.flatMap(({ Sequence }) => Sequence?.id ?? []).join('');
  if (order !== 'AB') return [];
  return pieces.flatMap(({ SpecialToken, Sequence }): PairPiece[] => {
    if (SpecialToken === undefined) return [{ token: null, type: Sequence?.type_id ?? 0 }];
    return (tokens[SpecialToken.id]?.ids ?? []).map((token) => ({ token, type: SpecialToken.type_id }));
  });
}
