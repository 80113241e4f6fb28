import type { Json } from '../read-json.ts';
import { flatten } from './canonical-parts.ts';
import { FAMILIES, type TokenizerFamily } from './class-names.ts';
import { type SpecialTokens, specialTokens, type TokenFiles } from './special-tokens.ts';
import { type PairJoin, template } from './template.ts';
import { idsOfTokens, type TokenizerJson, type TokenizerParts } from './tokenizer-parts.ts';

/** tokenization_qwen2.py */
const QWEN2_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** tokenization_qwen3_5.py: marks belong to the letters before them. */
const QWEN3_5_WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const BYTE_BPE = { type: 'BPE', dropout: null, unk_token: null, fuse_unk: false, byte_fallback: false };

interface Source {
  config: Json;
  parts: TokenizerParts;
  named: SpecialTokens['named'];
  idOf: (token: string) => number | undefined;
}

/** What a class builds itself. What it does not write down here it takes from the file. */
interface Rebuilt {
  normalizer: (source: Source) => Json | null;
  preTokenizer: (source: Source) => Json | null;
  model: (source: Source) => Json;
  /** Absent: the file's post-processor. */
  around?: (source: Source) => Around;
}

/** Tokens before and after a text, and how two are joined with them. */
type Around = [(string | undefined)[], (string | undefined)[], PairJoin];

const noNormalizer = () => null;
const byteLevel = ({ config }: Source): Json => ({
  type: 'ByteLevel',
  add_prefix_space: config.add_prefix_space ?? false,
  trim_offsets: true,
  use_regex: true,
});
const metaspace = (prepend_scheme: string, split = true): Json => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme,
  split,
});
const prependAlways = ({ config }: Source, otherwise = 'never') =>
  (config.add_prefix_space ?? true) ? 'always' : otherwise;
const wordsWithMetaspace = (source: Source): Json => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace(prependAlways(source))],
});
const byteBpe = (): Json => BYTE_BPE;
const unigram = (unk_id: number): Json => ({ type: 'Unigram', unk_id, byte_fallback: false });
const clsAndSep =
  (join: PairJoin) =>
  ({ named }: Source): Around => [[named.cls_token], [named.sep_token], join];
const bosAndEos = ({ named }: Source): Around => [[named.bos_token], [named.eos_token], 'doubled'];

/** The map of SentencePiece, which the class takes from the file's normalizer. */
function precompiled({ parts }: Source): Json | null {
  const { normalizer } = parts;
  const steps = normalizer?.type === 'Sequence' ? (normalizer.normalizers as Json[]) : [normalizer];
  return steps.find((step) => step?.type === 'Precompiled' && 'precompiled_charsmap' in step) ?? null;
}

const sequence = (normalizers: (Json | null)[]): Json => ({
  type: 'Sequence',
  normalizers: normalizers.filter((step) => step !== null),
});

const BERT: Rebuilt = {
  normalizer: ({ config }) => ({
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: config.tokenize_chinese_chars ?? true,
    strip_accents: config.strip_accents ?? null,
    lowercase: config.do_lower_case ?? true,
  }),
  preTokenizer: () => ({ type: 'BertPreTokenizer' }),
  model: ({ named }) => ({
    type: 'WordPiece',
    unk_token: named.unk_token ?? 'None',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
  }),
  around: clsAndSep('typed'),
};
const qwen = (words: string): Rebuilt => ({
  normalizer: () => ({ type: 'NFC' }),
  preTokenizer: ({ config }) => ({
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: words }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: config.add_prefix_space ?? false, trim_offsets: true, use_regex: false },
    ],
  }),
  model: byteBpe,
});
/** DebertaV2Tokenizer and BarthezTokenizer. */
const spacesAndNfc = (isLowercase: boolean): Json =>
  sequence([
    isLowercase ? { type: 'Lowercase' } : null,
    { type: 'Replace', pattern: { Regex: '\\s{2,}|[\\n\\r\\t]' }, content: ' ' },
    { type: 'NFC' },
    { type: 'Strip', strip_left: false, strip_right: true },
  ]);

const REBUILT: Partial<Record<TokenizerFamily, Rebuilt>> = {
  albert: {
    normalizer: (source) =>
      sequence([
        { type: 'Replace', pattern: { String: '``' }, content: '"' },
        { type: 'Replace', pattern: { String: "''" }, content: '"' },
        ...(source.config.keep_accents ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
        (source.config.do_lower_case ?? true) ? { type: 'Lowercase' } : null,
        precompiled(source),
      ]),
    preTokenizer: wordsWithMetaspace,
    model: () => unigram(1),
  },
  barthez: {
    normalizer: () => spacesAndNfc(false),
    preTokenizer: (source) => metaspace(prependAlways(source)),
    model: () => unigram(3),
  },
  bert: BERT,
  camembert: {
    normalizer: precompiled,
    preTokenizer: wordsWithMetaspace,
    model: ({ named, idOf }) => unigram(idOf(named.unk_token ?? '<unk>') ?? 0),
    around: bosAndEos,
  },
  deberta: { normalizer: noNormalizer, preTokenizer: byteLevel, model: byteBpe, around: clsAndSep('doubled') },
  deberta_v2: {
    normalizer: ({ config }) => spacesAndNfc(config.do_lower_case === true),
    preTokenizer: (source) => ({
      type: 'Sequence',
      pretokenizers: [
        ...(source.config.split_by_punct ? [{ type: 'Punctuation', behavior: 'Isolated' }] : []),
        metaspace(prependAlways(source, 'first')),
      ],
    }),
    model: ({ named, idOf, config }) => unigram(idOf(named.unk_token ?? '[UNK]') ?? Number(config.unk_id ?? 1)),
    around: clsAndSep('typed'),
  },
  gemma: {
    normalizer: () => ({ type: 'Replace', pattern: { String: ' ' }, content: '▁' }),
    preTokenizer: () => ({
      type: 'Split',
      pattern: { String: ' ' },
      behavior: 'MergedWithPrevious',
      invert: false,
    }),
    model: ({ named }) => ({
      ...BYTE_BPE,
      unk_token: named.unk_token ?? null,
      fuse_unk: true,
      byte_fallback: true,
    }),
  },
  gpt2: { normalizer: noNormalizer, preTokenizer: byteLevel, model: byteBpe },
  gpt_neox: {
    normalizer: () => ({ type: 'NFC' }),
    preTokenizer: byteLevel,
    model: byteBpe,
    // add_bos_token and add_eos_token are dropped before, where there is a tokenizer.json.
    around: () => [[], [], 'repeated'],
  },
  llama: {
    normalizer: noNormalizer,
    preTokenizer: ({ config }) => {
      const prepended = (config.legacy ?? false) ? 'always' : 'first';
      return metaspace((config.add_prefix_space ?? true) ? prepended : 'never', false);
    },
    model: () => ({ ...BYTE_BPE, fuse_unk: true, byte_fallback: true }),
  },
  mpnet: { ...BERT, around: clsAndSep('doubled') },
  qwen2: qwen(QWEN2_WORDS),
  qwen3_5: qwen(QWEN3_5_WORDS),
  roberta: { normalizer: noNormalizer, preTokenizer: byteLevel, model: byteBpe, around: clsAndSep('doubled') },
  t5: {
    normalizer: precompiled,
    preTokenizer: () => ({ type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace('always')] }),
    model: () => unigram(2),
    around: ({ named }) => [[], [named.eos_token], 'plain'],
  },
  xlm_roberta: {
    normalizer: precompiled,
    preTokenizer: wordsWithMetaspace,
    model: () => unigram(3),
    around: bosAndEos,
  },
};

const INHERITING: ReadonlySet<string> = new Set(['ConvBertTokenizer', 'FNetTokenizer']);

/**
 * What transformers 5.24.0 makes of a folder: tokenizer.json as it is, or a tokenizer that the class builds of its
 * vocabulary.
 */
export function readByVersion5(className: string, files: TokenFiles, json: TokenizerJson): TokenizerParts {
  const family = FAMILIES[className] ?? 'file';
  const { parts } = json;
  const rebuilt = REBUILT[family];
  // A class without its own constructor passes the file to its parent's, which then keeps it.
  const isKept = rebuilt === undefined || INHERITING.has(className);
  const base = isKept ? parts.added_tokens : [];
  const { named, added } = specialTokens(files, family, 5, base, json);
  if (rebuilt === undefined) return { ...parts, added_tokens: added };
  const idOf = idsOfTokens(json, added);
  const { do_lower_case, ...others } = files.tokenizerConfig ?? {};
  // The classes of DPR swallow it.
  const config = className.startsWith('DPR') ? others : { ...others, do_lower_case };
  const source: Source = { config, parts, named, idOf };
  const post_processor =
    rebuilt.around === undefined ? parts.post_processor : template(...rebuilt.around(source), idOf);
  if (isKept) return { ...parts, post_processor, added_tokens: added };
  return {
    normalizer: rebuilt.normalizer(source),
    pre_tokenizer: rebuilt.preTokenizer(source),
    post_processor,
    model: rebuilt.model(source),
    added_tokens: added,
  };
}

/** Whether version 5 takes the file for a byte-level one, which LlamaTokenizer cannot build. */
export function isByteLevel({ pre_tokenizer }: TokenizerParts, decoder: unknown): boolean {
  const isLevel = (part: unknown) => JSON.stringify(part ?? null).includes('"type":"ByteLevel"');
  return flatten(pre_tokenizer, 'pretokenizers').some(isLevel) || isLevel(decoder);
}
