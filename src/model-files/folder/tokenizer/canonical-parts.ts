import type { Json } from '../read-json.ts';
import type { TokenizerParts } from './tokenizer-parts.ts';

/** The bytes of GPT-2's byte-level alphabet that are written as themselves. */
const PRINTABLE_BYTES: [number, number][] = [
  [33, 126],
  [161, 172],
  [174, 255],
];

/** One text for all normalizers that do the same, as far as their form alone shows it. */
export function canonicalNormalizer(normalizer: Json | null): string {
  return JSON.stringify(
    flatten(normalizer, 'normalizers').map((step) => {
      if (step.type !== 'BertNormalizer') return sorted(step);
      const lowercase = step.lowercase ?? true;
      return sorted({
        type: step.type,
        clean_text: step.clean_text ?? true,
        handle_chinese_chars: step.handle_chinese_chars ?? true,
        strip_accents: step.strip_accents ?? lowercase,
        lowercase,
      });
    }),
  );
}

/** One text for all pre-tokenizers that do the same, as far as their form alone shows it. */
export function canonicalPreTokenizer(preTokenizer: Json | null): string {
  return JSON.stringify(
    flatten(preTokenizer, 'pretokenizers').map((step) => {
      if (step.type === 'ByteLevel') {
        const { add_prefix_space = true, use_regex = true } = step;
        return sorted({ type: step.type, add_prefix_space, use_regex });
      }
      if (step.type !== 'Metaspace') return sorted(step);
      const { replacement = '▁', add_prefix_space = true, split = true } = step;
      const prepend_scheme = step.prepend_scheme ?? (add_prefix_space === false ? 'never' : 'always');
      return sorted({ type: step.type, replacement, prepend_scheme, split });
    }),
  );
}

/** One text for all models that make the same tokens of a word, their vocabulary being the same. */
export function canonicalModel({ type, ...options }: Json, idOf: (token: string) => number | undefined): string {
  switch (type) {
    case 'WordPiece': {
      const { unk_token = '[UNK]', continuing_subword_prefix = '##', max_input_chars_per_word = 100 } = options;
      return JSON.stringify([type, unk_token, continuing_subword_prefix, max_input_chars_per_word]);
    }
    case 'BPE': {
      const { dropout, continuing_subword_prefix, end_of_word_suffix, ignore_merges } = options;
      // With a token for each byte nothing is unknown, so it makes no difference what unknown tokens become.
      const isComplete = hasBytes(idOf) || (options.byte_fallback === true && hasFallbackBytes(idOf));
      const unknown = isComplete ? [] : [options.unk_token ?? null, options.fuse_unk ?? false];
      const isFallback = options.byte_fallback === true && !hasBytes(idOf);
      return JSON.stringify([
        type,
        dropout || 0,
        continuing_subword_prefix || '',
        end_of_word_suffix || '',
        ignore_merges ?? false,
        isFallback,
        unknown,
      ]);
    }
    case 'Unigram':
      return JSON.stringify([type, options.unk_id ?? null, options.byte_fallback ?? false]);
    default:
      return JSON.stringify([type, sorted(options)]);
  }
}

/** The ids that a post-processor puts before and after a text. @throws {Error} for one of an unknown kind. */
export function idsAround(processor: TokenizerParts['post_processor']): { before: number[]; after: number[] } {
  switch (processor?.type) {
    case undefined:
    case 'ByteLevel':
      return { before: [], after: [] };
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [(processor.cls as [string, number])[1]], after: [(processor.sep as [string, number])[1]] };
    case 'Sequence':
      return (processor.processors as Json[]).map(idsAround).reduce(
        (inner, outer) => ({
          before: [...outer.before, ...inner.before],
          after: [...inner.after, ...outer.after],
        }),
        { before: [], after: [] },
      );
    case 'TemplateProcessing': {
      const specials = processor.special_tokens as Record<string, { ids: number[] }>;
      const pieces = processor.single as { SpecialToken?: { id: string }; Sequence?: unknown }[];
      const at = pieces.findIndex(({ Sequence }) => Sequence !== undefined);
      const ids = (part: typeof pieces) =>
        part.flatMap(({ SpecialToken }) => (SpecialToken === undefined ? [] : (specials[SpecialToken.id]?.ids ?? [])));
      return { before: ids(pieces.slice(0, at)), after: ids(pieces.slice(at + 1)) };
    }
    default:
      throw new Error(`unknown post-processor ${String(processor?.type)}`);
  }
}

/** Whether a post-processor gives a text, or a token around it, another token type than 0. */
export function hasTokenTypes(processor: TokenizerParts['post_processor']): boolean {
  if (processor?.type === 'Sequence') return (processor.processors as Json[]).some(hasTokenTypes);
  if (processor?.type !== 'TemplateProcessing') return false;
  const pieces = processor.single as Record<string, { type_id?: number }>[];
  return pieces.some((piece) => Object.values(piece).some(({ type_id = 0 }) => type_id !== 0));
}

/** The steps of a sequence, and of sequences in it. */
export function flatten(part: Json | null, list: 'normalizers' | 'pretokenizers'): Json[] {
  if (part === null) return [];
  if (part.type !== 'Sequence') return [part];
  return ((part[list] ?? []) as Json[]).flatMap((step) => flatten(step, list));
}

function sorted(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hasBytes(idOf: (token: string) => number | undefined): boolean {
  const isPrintable = (byte: number) => PRINTABLE_BYTES.some(([from, to]) => byte >= from && byte <= to);
  let unprintable = 0;
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCodePoint(isPrintable(byte) ? byte : 256 + unprintable++);
    if (idOf(character) === undefined) return false;
  }
  return true;
}

function hasFallbackBytes(idOf: (token: string) => number | undefined): boolean {
  for (let byte = 0; byte < 256; byte++) {
    const name = byte.toString(16).toUpperCase().padStart(2, '0');
    if (idOf(`<0x${name}>`) === undefined) return false;
  }
  return true;
}
