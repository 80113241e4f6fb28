import type { Json } from '../read-json.ts';
import type { TokenizerFamily } from './class-names.ts';
import { type AddedToken, type TokenizerJson, toAddedToken } from './tokenizer-parts.ts';

/** The JSON files of a folder that describe tokens, besides tokenizer.json; undefined if there is none. */
export interface TokenFiles {
  /** tokenizer_config.json */
  tokenizerConfig: Json | undefined;
  /** special_tokens_map.json */
  specialTokensMap: Json | undefined;
  /** added_tokens.json */
  addedTokens: Json | undefined;
}

const NAMES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;
type TokenName = (typeof NAMES)[number];

const BERT = {
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};
const ROBERTA = {
  bos_token: '<s>',
  eos_token: '</s>',
  sep_token: '</s>',
  cls_token: '<s>',
  unk_token: '<unk>',
  pad_token: '<pad>',
  mask_token: '<mask>',
};
const END_OF_TEXT = { unk_token: '<|endoftext|>', eos_token: '<|endoftext|>' };

/** Tokens that a class has where no file names them; null: none, not that of the file's padding either. */
const DEFAULTS: Record<TokenizerFamily, Partial<Record<TokenName, string | null>>> = {
  file: {},
  albert: { ...BERT, bos_token: '[CLS]', eos_token: '[SEP]', unk_token: '<unk>', pad_token: '<pad>' },
  barthez: ROBERTA,
  bert: BERT,
  camembert: ROBERTA,
  deberta: { ...BERT, bos_token: '[CLS]', eos_token: '[SEP]' },
  deberta_v2: { ...BERT, bos_token: '[CLS]', eos_token: '[SEP]' },
  gemma: { unk_token: '<unk>', bos_token: '<bos>', eos_token: '<eos>', pad_token: '<pad>' },
  gpt2: { ...END_OF_TEXT, bos_token: '<|endoftext|>' },
  gpt_neox: { ...END_OF_TEXT, bos_token: '<|endoftext|>', pad_token: null },
  llama: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
  mpnet: { ...ROBERTA, unk_token: '[UNK]' },
  qwen2: { ...END_OF_TEXT, pad_token: '<|endoftext|>' },
  qwen3_5: { ...END_OF_TEXT, pad_token: '<|endoftext|>' },
  roberta: ROBERTA,
  t5: { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' },
  xlm_roberta: ROBERTA,
};
/** Only version 5 has these. */
const DEFAULTS_5: Partial<typeof DEFAULTS> = {
  gemma: { mask_token: '<mask>' },
  gpt2: { pad_token: null },
  gpt_neox: { pad_token: '<|padding|>' },
};
const CAMEMBERT_EXTRA = ['<s>NOTUSED', '</s>NOTUSED', '<unk>NOTUSED'];

/** Families whose mask takes the space before it along (`lstrip`). */
const MASK_TAKES_SPACE: ReadonlySet<TokenizerFamily> = new Set([
  'albert',
  'barthez',
  'camembert',
  'mpnet',
  'roberta',
  'xlm_roberta',
]);

export interface SpecialTokens {
  /** Content by name; a token that a file sets to null is absent. */
  named: Partial<Record<TokenName, string>>;
  /** What the tokenizer matches before it splits a text, beginning with `base`. */
  added: AddedToken[];
}

/**
 * The tokens that a class of transformers adds to those that its tokenizer begins with.
 *
 * @param base what it begins with: those of tokenizer.json, or none if the class rebuilds the tokenizer.
 * @param json whose padding token files saved after training have.
 */
export function specialTokens(
  files: TokenFiles,
  family: TokenizerFamily,
  version: 4 | 5,
  base: readonly AddedToken[],
  { parts: { added_tokens: inFile }, paddingToken: padding }: TokenizerJson,
): SpecialTokens {
  const { tokenizerConfig = {}, specialTokensMap = {}, addedTokens = {} } = files;
  const decoder = tokenizerConfig.added_tokens_decoder as Record<string, Json> | undefined;
  // The files of before 4.34 count only where the new list is absent.
  const fields: Json = decoder === undefined ? { ...tokenizerConfig, ...specialTokensMap } : tokenizerConfig;
  const defaults = { pad_token: padding, ...DEFAULTS[family], ...(version === 5 ? DEFAULTS_5[family] : {}) };
  const named: SpecialTokens['named'] = {};
  const specials: AddedToken[] = [];
  for (const name of NAMES) {
    const token = name in fields ? fields[name] : (defaults as Json)[name];
    const special = toSpecialToken(token);
    if (special === undefined) continue;
    named[name] = special.content;
    specials.push(special);
  }
  const map = decoder === undefined ? specialTokensMap : {};
  specials.push(...(version === 4 ? extraTokens4 : extraTokens5)(tokenizerConfig, map, family));
  const contents = new Set(specials.map(({ content }) => content));
  const declared =
    decoder === undefined
      ? [...legacyTokens(addedTokens, contents, inFile), ...inFile]
      : Object.entries(decoder)
          .sort(([a], [b]) => Number(a) - Number(b))
          .map(([, token]) => toAddedToken(token));

  const added = base.map((token) => ({ ...token }));
  const put = (token: AddedToken) => {
    const at = added.findIndex(({ content }) => content === token.content);
    if (at < 0) added.push(token);
    else added[at] = token;
  };
  for (const token of declared) put({ ...token, special: token.special || contents.has(token.content) });
  for (const special of specials) {
    if (!added.some(({ content }) => content === special.content)) put(special);
  }
  // Qwen2Tokenizer adds them once more at its end, with the flags of plain strings.
  if (version === 5 && family === 'qwen2') {
    for (const content of contents) put(toAddedToken(content));
  }
  // These classes of version 4 give the mask of no file, or of a file that does not describe it, their own flag.
  const mask = named.mask_token;
  const isDescribed = 'mask_token' in fields && declared.some(({ content }) => content === mask);
  if (version === 4 && mask !== undefined && MASK_TAKES_SPACE.has(family) && !isDescribed) {
    put({ ...toAddedToken(mask), lstrip: true });
  }
  return { named, added };
}

/** The tokens of added_tokens.json that tokenizer.json lacks. */
function legacyTokens(addedTokens: Json, specials: ReadonlySet<string>, inFile: readonly AddedToken[]): AddedToken[] {
  return Object.entries(addedTokens)
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .filter(([content]) => !inFile.some((token) => token.content === content))
    .map(([content]) => toAddedToken({ content, special: specials.has(content) }));
}

/** Tokens without a name of their own, as version 4 collects them: lists of both files, and names beyond the usual ones. */
function extraTokens4(config: Json, map: Json, family: TokenizerFamily): AddedToken[] {
  const given = [config, map].some((file) => Array.isArray(file.additional_special_tokens));
  const additional = [config, map].flatMap((file) => tokensOf(file.additional_special_tokens));
  const names = [config, map].flatMap((file) => tokensOf(file.extra_special_tokens));
  return [...(withClassTokens(given ? additional : undefined, config, family) ?? []), ...names];
}

/** As version 5 does it, which has one list, and takes the older one of tokenizer_config.json where that is empty. */
function extraTokens5(config: Json, map: Json, family: TokenizerFamily): AddedToken[] {
  const { extra_special_tokens: extra, additional_special_tokens: additional } = config;
  const isRenamed = 'additional_special_tokens' in config && tokensOf(extra).length === 0;
  const list = isRenamed ? additional : extra;
  // Names beyond the usual ones; the list then counts as absent.
  const isNames = typeof list === 'object' && list !== null && !Array.isArray(list);
  const ofClass = map.additional_special_tokens ?? (isRenamed ? undefined : additional);
  const hasList = !isNames && (isRenamed || 'extra_special_tokens' in config);
  const classTokens = withClassTokens(Array.isArray(ofClass) ? tokensOf(ofClass) : undefined, config, family);
  const modelTokens = Object.entries(config)
    .filter(([key]) => key.endsWith('_token') && !(NAMES as readonly string[]).includes(key))
    .map(([, value]) => toSpecialToken(value))
    .filter((token) => token !== undefined);
  return [
    ...tokensOf(list),
    ...tokensOf(map.extra_special_tokens),
    ...(hasList ? [] : (classTokens ?? [])),
    ...modelTokens,
  ];
}

/** What a class makes of the tokens given to it; undefined: none are given. */
function withClassTokens(
  given: AddedToken[] | undefined,
  { extra_ids: count = 100 }: Json,
  family: TokenizerFamily,
): AddedToken[] | undefined {
  if (family === 'camembert') return given ?? CAMEMBERT_EXTRA.map(toAddedToken);
  if (family !== 't5' || given?.some(({ content }) => content.includes('<extra_id_'))) return given;
  const extra = Array.from({ length: Number(count) }, (_, i) => toAddedToken(`<extra_id_${i}>`));
  return [...(given ?? []), ...extra];
}

/** The tokens of a list, or of an object by name. */
function tokensOf(tokens: unknown): AddedToken[] {
  if (typeof tokens !== 'object' || tokens === null) return [];
  return Object.values(tokens)
    .map(toSpecialToken)
    .filter((token) => token !== undefined);
}

/** A plain string, or one with flags, which count where no list of added tokens has the token. */
function toSpecialToken(token: unknown): AddedToken | undefined {
  if (typeof token === 'string') return toAddedToken(token);
  const fields = (token ?? {}) as Json;
  return typeof fields.content === 'string' ? { ...toAddedToken(fields), special: true } : undefined;
}
