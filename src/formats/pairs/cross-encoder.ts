import { StartError } from '../../errors.ts';
import type { SentenceModules } from '../../model-files/folder/sentence-modules.ts';
import type { PairDescription } from '../../model-files/folder/tokenizer/describe-pairs.ts';

/** @throws {StartError} for modules after the transformer, which gives the number itself. */
export function checkCrossEncoderModules(modules: SentenceModules | null): void {
  if (modules === null || modules.kinds.join() === 'Transformer') return;
  throw new StartError(
    `modules.json lists ${modules.kinds.join(', ')}; of a cross-encoder hotvec supports Transformer alone.`,
  );
}

/**
 * The tokens that a tokenizer puts between two texts. sentence-transformers would score texts with nothing between all the
 * same.
 * @param pairs null where there is no tokenizer.json, of which those complain who load it.
 * @throws {StartError} where there are none, so that query and document are not told apart.
 */
export function tokensBetweenTexts(name: string, pairs: PairDescription | null): number[] {
  const { pieces = [], complaint = null } = pairs ?? {};
  const texts = pieces.flatMap(({ token }, i) => (token === null ? i : []));
  const tokens = pieces.slice((texts[0] ?? 0) + 1, texts.at(-1)).flatMap(({ token }) => token ?? []);
  if (tokens.length > 0 || complaint !== null) return tokens;
  throw new StartError(
    `tokenizer.json puts nothing between two texts, so ${name} cannot tell query and document apart without a template, and hotvec serves cross-encoders only that read both as their tokenizer joins them. Of a language model, use the safetensors.`,
  );
}
