import type { Json } from '../read-json.ts';
import {
  CLASS_BY_TYPE_IN_VERSION_5,
  CLASSES_BY_MODEL_TYPE,
  FAMILIES,
  GONE_IN_VERSION_5,
  NEW_IN_VERSION_5,
  UNKNOWN_CLASSES,
  WITHOUT_CLASS_IN_VERSION_5,
} from './class-names.ts';

/** The class that AutoTokenizer builds, without a final `Fast`, and so its `PreTrainedTokenizer`: the file as it is. */
export interface ChosenClasses {
  /** null: that version loads no such folder, or the other one saved it. */
  version4: string | null;
  version5: string;
}

const FILE_AS_IT_IS = 'PreTrainedTokenizer';

/** Model types whose class version 5 replaced by the file as it is, and version 4 has. */
const CLASSES_IN_VERSION_4: ReadonlyMap<string, string> = new Map([
  ...['ernie4_5', 'jamba', 'ministral', 'mistral', 'mixtral', 'persimmon', 'phi3', 'phimoe'].map(
    (type) => [type, 'LlamaTokenizer'] as const,
  ),
  ['mistral3', 'LlamaTokenizer'],
  ['olmo2', 'GPTNeoXTokenizer'],
  ['stablelm', 'GPTNeoXTokenizer'],
  ['gpt_bigcode', 'GPT2Tokenizer'],
  ['olmo3', 'GPT2Tokenizer'],
  ['nystromformer', 'AlbertTokenizer'],
  ['bigbird_pegasus', 'PegasusTokenizer'],
  ['pegasus_x', 'PegasusTokenizer'],
]);

/** Which class tokenizer_config.json, config.json and its `model_type` choose (tokenization_auto.py of both versions). */
export function chooseClass(config: Json, tokenizerConfig: Json, isByteLevel: boolean): ChosenClasses {
  const named = tokenizerConfig.tokenizer_class ?? config.tokenizer_class;
  const name = typeof named === 'string' ? withoutFast(named) : undefined;
  const type = String(config.model_type);
  const isOfVersion5 = savedByVersion5(tokenizerConfig);
  return { version4: isOfVersion5 ? null : version4(name, type), version5: version5(name, type, isByteLevel) };
}

/** Version 5 alone writes `backend`, and not the list of tokens that version 4 always writes. */
function savedByVersion5({ backend, added_tokens_decoder: addedTokens }: Json): boolean {
  return backend === 'tokenizers' && addedTokens === undefined;
}

function version4(name: string | undefined, type: string): string | null {
  const byType = CLASSES_BY_MODEL_TYPE.get(type);
  const chosen = name ?? CLASSES_IN_VERSION_4.get(type) ?? (byType === 'TokenizersBackend' ? FILE_AS_IT_IS : byType);
  if (chosen === undefined || NEW_IN_VERSION_5.has(chosen) || !isOfTransformers(chosen)) return null;
  return chosen;
}

function version5(name: string | undefined, type: string, isByteLevel: boolean): string {
  const byType = WITHOUT_CLASS_IN_VERSION_5.has(type) ? undefined : CLASSES_BY_MODEL_TYPE.get(type);
  if (name === undefined) return known(byType ?? FILE_AS_IT_IS);
  if (name === 'LlamaTokenizer' && isByteLevel && !CLASS_BY_TYPE_IN_VERSION_5.has(type)) return FILE_AS_IT_IS;
  if (byType === undefined || byType === name) return known(name);
  if (byType === 'TokenizersBackend') return FILE_AS_IT_IS;
  return known(CLASS_BY_TYPE_IN_VERSION_5.has(type) ? byType : name);
}

/** What version 5 does not know it takes for the file as it is. */
function known(name: string): string {
  return isOfTransformers(name) && !GONE_IN_VERSION_5.has(name) ? name : FILE_AS_IT_IS;
}

function isOfTransformers(name: string): boolean {
  return name in FAMILIES || UNKNOWN_CLASSES.has(name);
}

function withoutFast(name: string): string {
  return name.replace(/Fast$/, '');
}
