import { Tokenizer } from 'tokenizers';
import { StartError } from '../errors.ts';

/** How a text becomes words: `normalizer` and `pre_tokenizer` of a tokenizer.json. */
interface WordRules {
  normalizer: unknown;
  pre_tokenizer: unknown;
}

/** Two ways of making words, written differently: whether they differ shows on texts only. */
export interface DisputedWords {
  rules: [WordRules, WordRules];
  /** Whether spaces around a text make no difference worth a refusal. */
  trims: boolean;
  /** The error to be thrown where a text shows that they differ; the text is appended. */
  complaint: string;
}

/** What normalizers and pre-tokenizers are known to differ in. */
const PROBES = [
  'a',
  'The quick brown fox jumps over the lazy dog.',
  ' a space before',
  'a space behind ',
  '  two   three    four spaces  ',
  'tabs\tand\nnew lines\r\n\r\nand\u00a0others\u3000too\u2028\u200bend',
  'UPPER, Mixed and lower Case; ISTANBUL İstanbul ΟΔΟΣ ẞ',
  'Café naïve Übergröße Ångström señor',
  'Cafe\u0301 nai\u0308ve, decomposed; \u1e9b\u0323 ﬁ ﬂ ２ ① ℌ Ⅷ ㌔ ｶﾞ',
  '北京是中国的首都。日本語のテキスト 한국어 문장 ภาษาไทย',
  'हिन्दी اَلْعَرَبِيَّةُ עִבְרִית русский ελληνικά',
  "I'll say they've DON'T O'Neill 'quoted' \"double\" ``back'' --dash",
  'e-mail@example.com, https://example.com/a_b?c=d&e=f#g C++ C# a/b a\\b <tag> [bracket] {brace} $5.00 50% ~ ^ |',
  '1 12 123 1234 12345678 3.14159 1,000,000 2024-01-31 10:30 x1 1x ½ ²',
  '😀 👩‍👩‍👧 ❤️ 🇩🇪 emoji',
  'control\u0000\u0007\u007f\u00ad\ufffd\ufeffcharacters',
  'snake_case camelCase ALLCAPS kebab-case path.to.file',
  'x'.repeat(120),
];

/**
 * Shows that two ways of making words make the same of texts.
 * @throws {StartError} with a text of which they do not.
 */
export function settleDisputedWords({ rules, trims, complaint }: DisputedWords): void {
  const [one, other] = rules.map(wordsBy) as [(text: string) => string, (text: string) => string];
  const probes = trims ? PROBES.map((probe) => probe.trim()) : PROBES;
  const text = probes.find((probe) => one(probe) !== other(probe));
  if (text === undefined) return;
  throw new StartError(`${complaint} (Example: ${JSON.stringify(text)}.)`);
}

/** With the smallest model there is: words need no vocabulary. */
function wordsBy({ normalizer, pre_tokenizer }: WordRules): (text: string) => string {
  const native = Tokenizer.fromString(
    JSON.stringify({
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer,
      pre_tokenizer,
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', vocab: { '[UNK]': 0 }, unk_token: '[UNK]' },
    }),
  );
  const [normal, words] = [native.getNormalizer(), native.getPreTokenizer()];
  return (text) => {
    const normalized = normal === null ? text : normal.normalizeString(text);
    if (normalized === '') return '[]';
    return JSON.stringify(words === null ? [normalized] : words.preTokenizeString(normalized).map(([word]) => word));
  };
}
