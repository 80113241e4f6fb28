import { StartError } from '../../../errors.ts';
import type { DisputedWords } from '../../../tokenization/disputed-words.ts';
import type { TokenizerChanges } from '../../../tokenization/native-tokenizer.ts';
import type { Json, ReadJson } from '../read-json.ts';
import { canonicalNormalizer, hasTokenTypes } from './canonical-parts.ts';
import { chooseClass } from './choose-class.ts';
import { FAMILIES, type TokenizerFamily, UNKNOWN_CLASSES } from './class-names.ts';
import { describePairs, type PairDescription } from './describe-pairs.ts';
import { readByVersion4 } from './read-by-version-4.ts';
import { isByteLevel, readByVersion5 } from './read-by-version-5.ts';
import type { TokenFiles } from './special-tokens.ts';
import {
  changesTo,
  differingPart,
  haveSameWords,
  type TokenizerPart,
  type WordRules,
} from './tokenizer-differences.ts';
import { type TokenizerJson, type TokenizerParts, tokenizerPartsOf } from './tokenizer-parts.ts';

const VERSION_4 = 'transformers 4.57.6';
const VERSION_5 = 'transformers 5.24.0';

export interface TokenizerDescription {
  /** null: none, tokenizer.json is used as it is. */
  changes: TokenizerChanges | null;
  /** Ways of making words that must turn out to be the same; null: nothing is in question. */
  disputed: DisputedWords | null;
  /** The token that batches of texts are padded with; null: no file names one. */
  paddingToken: string | null;
  /** How it joins two texts; null: there is no tokenizer.json, or nobody asks. */
  pairs: PairDescription | null;
}

/** Of a tokenizer.json that no other file changes. */
export const AS_IT_IS: TokenizerDescription = { changes: null, disputed: null, paddingToken: null, pairs: null };

export interface TokenizerSources extends TokenFiles {
  /** tokenizer.json, parsed; undefined where there is none, of which those complain who load it. */
  tokenizer: Json | undefined;
  /** config.json */
  config: Json;
  /** Whether sentence_bert_config.json asks for lower case (`do_lower_case`). */
  lowercase: boolean;
}

/**
 * Reads the files of a folder that decide token ids.
 * @param lowercase whether sentence_bert_config.json asks for lower case.
 * @throws {StartError} as {@link describeTokenizer}.
 */
export async function readTokenizer(read: ReadJson, lowercase: boolean): Promise<TokenizerDescription> {
  const [tokenizer, config, tokenizerConfig, specialTokensMap, addedTokens] = (await Promise.all(
    ['tokenizer.json', 'config.json', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'].map(
      read,
    ),
  )) as (Json | undefined)[];
  return describeTokenizer({
    tokenizer,
    config: config ?? {},
    tokenizerConfig,
    specialTokensMap,
    addedTokens,
    lowercase,
  });
}

/** Fields of tokenizer_config.json that change ids and that hotvec does not implement, where they are true. */
const UNSUPPORTED = ['split_special_tokens', 'fix_mistral_regex', 'from_slow'];

/**
 * What transformers makes of a folder's tokenizer, whatever tokenizer.json says: its class rules over it. Versions 4 and 5
 * must agree, or the folder has no one right answer (docs/decisions/0068).
 *
 * @throws {StartError} naming the class and the part they disagree about, or what hotvec does not implement.
 */
export function describeTokenizer(sources: TokenizerSources): TokenizerDescription {
  const { tokenizer, config, tokenizerConfig = {}, lowercase } = sources;
  if (tokenizer === undefined) return AS_IT_IS;
  refuseUnsupported(tokenizer, tokenizerConfig);
  const json = tokenizerPartsOf(tokenizer);
  const classes = chooseClass(config, tokenizerConfig, isByteLevel(json.parts, tokenizer.decoder));
  for (const name of [classes.version4, classes.version5]) {
    if (name === null || !UNKNOWN_CLASSES.has(name)) continue;
    throw new StartError(
      `${origin(sources, name)}: hotvec does not know how this transformers class changes tokenizer.json. ${REMEDY}`,
    );
  }
  const named = origin(sources, classes.version4 ?? classes.version5);
  let version4: TokenizerParts | null;
  let version5: TokenizerParts;
  try {
    version4 = classes.version4 === null ? null : readByVersion4(classes.version4, sources, json);
    version5 = readByVersion5(classes.version5, sources, json);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`${named}: the class does not fit tokenizer.json: ${error.message}. ${REMEDY}`);
  }
  const chosen = version4 ?? version5;
  refuseTokenTypes(chosen, tokenizerConfig);
  refuseStaleTokens(named, chosen, lowercase, json);
  const part = version4 === null ? undefined : differingPart(version4, version5, json);
  if (part !== undefined) throw new StartError(`${disagreement(named, part, version4, version5, json)} ${REMEDY}`);
  const disputed = haveSameWords(chosen, version5)
    ? null
    : {
        rules: [withLowercase(chosen, lowercase), withLowercase(version5, lowercase)] as [WordRules, WordRules],
        trims: SPLITS_AT_SPACES.has(FAMILIES[classes.version5] ?? 'file'),
        complaint: `${disagreement(named, 'words', chosen, version5, json)} ${REMEDY}`,
      };
  const changes = changesTo(json, withLowercase(chosen, lowercase));
  const pairs = describePairs(
    {
      version4: version4 && { className: classes.version4 ?? '', parts: version4 },
      version5: { className: classes.version5, parts: version5 },
    },
    {
      inputNames: tokenizerConfig.model_input_names,
      file: changes?.post_processor === undefined ? json.parts : null,
      named,
    },
  );
  return { changes, disputed, paddingToken: paddingTokenOf(sources, json), pairs };
}

/**
 * The classes over a SentencePiece vocabulary, most models of the XLM-RoBERTa family, drop spaces around a text in version 5,
 * and files that converters wrote until 2024 keep one as a token: those spaces count for nothing.
 */
const SPLITS_AT_SPACES: ReadonlySet<TokenizerFamily> = new Set(['albert', 'camembert', 't5', 'xlm_roberta']);
const REMEDY =
  'If tokenizer.json is correct as it is, set tokenizer_class to "PreTrainedTokenizerFast" in tokenizer_config.json in a copy of the folder; otherwise save the tokenizer again with the version of transformers that the model was trained with.';

function refuseUnsupported(tokenizer: Json, tokenizerConfig: Json): void {
  const field = UNSUPPORTED.find((name) => tokenizerConfig[name] === true);
  if (field !== undefined) {
    throw new StartError(`tokenizer_config.json sets ${field} to true, which hotvec does not implement.`);
  }
  const map = tokenizerConfig.auto_map as Json | undefined;
  if (Array.isArray(map) || map?.AutoTokenizer !== undefined) {
    const ending = tokenizerConfig.add_eos_token === true ? ' with the end token that add_eos_token asks for' : '';
    throw new StartError(
      `tokenizer_config.json: auto_map names a tokenizer in the model’s own code, which hotvec does not run. If tokenizer.json gives the same ids${ending}, remove auto_map in a copy of the folder. If not, the version of transformers that the code was written for saves a tokenizer.json that does: AutoTokenizer.from_pretrained(MODEL, trust_remote_code=True).save_pretrained(FOLDER).`,
    );
  }
  const { dropout } = (tokenizer.model ?? {}) as Json;
  if (typeof dropout === 'number' && dropout > 0) {
    throw new StartError(`tokenizer.json sets dropout to ${dropout}, which makes token ids random. Set it to null.`);
  }
}

/**
 * A post-processor may give a text another token type than 0, which a model may add an embedding for. transformers 4.57.6
 * hands it on and 5.24.0 does not.
 */
function refuseTokenTypes({ post_processor }: TokenizerParts, { model_input_names: inputs }: Json): void {
  if (Array.isArray(inputs) && !inputs.includes('token_type_ids')) return;
  if (!hasTokenTypes(post_processor)) return;
  throw new StartError(
    `tokenizer.json: post_processor gives a text a type_id other than 0, which ${VERSION_4} passes to the model and hotvec does not. If the model was trained without token types, set model_input_names to ["input_ids", "attention_mask"] in tokenizer_config.json in a copy of the folder.`,
  );
}

/** What a text is written with that no flag of BertNormalizer changes. */
const UNCHANGED_BY_NORMALIZERS = /^[ -@[-~]*$/;

/**
 * transformers and sentence-transformers change the normalizer of a tokenizer that has its added tokens. Those that are looked for in the
 * normalized text (`normalized`) then keep the spelling of the old one in tokenizers 0.22.2, of transformers 4, and get that of the new one in
 * 0.23.3, of transformers 5 (findings/added-tokens-outlive-their-normalizer.sh).
 */
function refuseStaleTokens(named: string, chosen: TokenizerParts, lowercase: boolean, json: TokenizerJson): void {
  const isSame = (one: WordRules, other: WordRules) =>
    canonicalNormalizer(one.normalizer) === canonicalNormalizer(other.normalizer);
  const isOfClass = !isSame(chosen, json.parts);
  if (!isOfClass && isSame(withLowercase(chosen, lowercase), chosen)) return;
  const stale = chosen.added_tokens.find(
    ({ content, normalized }) => normalized && !UNCHANGED_BY_NORMALIZERS.test(content),
  );
  if (stale === undefined) return;
  const spelled = `different versions of transformers look for the added token ${JSON.stringify(stale.content)} in different spellings: one text has two possible lists of token ids`;
  throw new StartError(
    isOfClass
      ? `${named}, and the class and tokenizer.json disagree about the normalizer, so ${spelled}. ${REMEDY}`
      : `sentence_bert_config.json sets do_lower_case to true, so ${spelled}. In a copy of the folder, set do_lower_case to false, or write the token in lower case in tokenizer.json and tokenizer_config.json.`,
  );
}

function paddingTokenOf({ tokenizerConfig, specialTokensMap }: TokenizerSources, json: TokenizerJson): string | null {
  const token = tokenizerConfig?.pad_token ?? specialTokensMap?.pad_token ?? json.paddingToken;
  const content = typeof token === 'object' ? (token as Json | null)?.content : token;
  return typeof content === 'string' ? content : null;
}

/** Where the class comes from, for messages. */
function origin({ tokenizerConfig, config }: TokenizerSources, name: string): string {
  if (tokenizerConfig?.tokenizer_class !== undefined && tokenizerConfig.tokenizer_class !== null) {
    return `tokenizer_config.json: tokenizer_class is "${tokenizerConfig.tokenizer_class}"`;
  }
  if (typeof config.tokenizer_class === 'string') return `config.json: tokenizer_class is "${config.tokenizer_class}"`;
  return `config.json: model_type ${JSON.stringify(config.model_type)} means ${name}`;
}

/** Which of two versions keeps to the file, for messages. */
function disagreement(
  named: string,
  part: 'words' | TokenizerPart,
  version4: TokenizerParts | null,
  version5: TokenizerParts,
  json: TokenizerJson,
): string {
  const what = {
    words: 'normalizer and pre_tokenizer',
    post_processor: 'post_processor (the tokens around a text)',
    added_tokens: 'added_tokens',
    model: 'model options',
  }[part];
  const isSame = (parts: TokenizerParts | null) =>
    parts !== null &&
    (part === 'words' ? haveSameWords(parts, json.parts) : differingPart(parts, json.parts, json) !== part);
  const how = isSame(version4)
    ? `${VERSION_4} takes the ${what} from tokenizer.json, ${VERSION_5} from the class`
    : isSame(version5)
      ? `${VERSION_4} takes the ${what} from the class, ${VERSION_5} from tokenizer.json`
      : `${VERSION_4} and ${VERSION_5} build different ${what}`;
  return `${named}, and the class and tokenizer.json disagree: ${how}, so one text has two possible lists of token ids.`;
}

/** As sentence-transformers does it: before the normalizer, unless that has the same step. */
function withLowercase<Rules extends WordRules>(rules: Rules, isWanted: boolean): Rules {
  const { normalizer } = rules;
  const steps = (normalizer?.type === 'Sequence' ? normalizer.normalizers : [normalizer]) as (Json | null)[];
  if (!isWanted || steps.some((step) => step?.type === 'Lowercase')) return rules;
  const normalizers = [{ type: 'Lowercase' }, ...steps.filter((step) => step !== null)];
  return { ...rules, normalizer: { type: 'Sequence', normalizers } };
}
