import type { Slot, Words } from '../../model-files/manifest.ts';
import type { EncodedPart } from '../../tokenization/pair-tokenizer.ts';

/** Words of a template before and after the document. */
export interface AroundDocument {
  before: string;
  after: string;
}

/** The texts of a request but for the document. */
export type Fill = Readonly<Record<Exclude<Slot, 'document'>, string>>;

/** The words of a part with the texts in their places. */
export function fillWords(words: readonly Words[], texts: Readonly<Record<Slot, string>>): string {
  return words.map((word) => (typeof word === 'string' ? word : trimmed(texts[word.slot], word.trim))).join('');
}

/** Whether the document goes into a part. */
export function hasDocument(part: EncodedPart): part is { words: readonly Words[] } {
  return 'words' in part && part.words.some((word) => typeof word !== 'string' && word.slot === 'document');
}

/** What stands around the document in its part, and the document as the template takes it. */
export function aroundDocument(
  words: readonly Words[],
  fill: Fill,
): AroundDocument & { take: (text: string) => string } {
  const place = words.findIndex((word) => typeof word !== 'string' && word.slot === 'document');
  const slot = words[place];
  const texts = { ...fill, document: '' };
  return {
    before: fillWords(words.slice(0, place), texts),
    after: fillWords(words.slice(place + 1), texts),
    take: (text) => trimmed(text, typeof slot === 'object' && slot.trim),
  };
}

function trimmed(text: string, trim: boolean | undefined): string {
  return trim === true ? text.trim() : text;
}
