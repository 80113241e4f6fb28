/** UTF-16 units of a text that the native tokenizer takes at a time: it needs up to 350 bytes for each. */
export const USUAL_UNITS = 2 ** 17;
/** Beyond so many units without a place between two words, a place between two tokens has to do. */
const LONGEST_WORD_UNITS = 2 ** 19;
/** What every tokenizer that knows of words makes two of; for the others, such as Gemma's, a text is one. */
const WORDS = /\S\s+\S/;
/** The tokens of so many units before a cut may change with what follows it: they are read again behind it. */
const UNSURE_UNITS = 512;
/** A part begins so much before the place at which it takes over, so that its own start is far from there. */
const OVERLAP_UNITS = 512;
/** So much before that place its tokens must be those of the part before. */
const COMPARED_CODE_POINTS = 256;

/** A piece of a text, tokenized without special tokens. Places count code points of the piece. */
export interface Part {
  /** The native call knows no other form. */
  ids: readonly number[];
  startOf: (token: number) => number;
  /** The first token of the word that a token is in. */
  wordStartOf: (token: number) => number;
}

/** Tokens that are those of the whole text. */
export interface Segment<Piece extends Part> {
  part: Piece;
  /** UTF-16 units of the text before the part, and to its end. */
  from: number;
  to: number;
  /** The tokens of the part that count: the others are in the segments before and after. */
  first: number;
  end: number;
}

/** Where one part ends and the next takes over. Places count code points of the next part. */
interface Seam {
  /** Where the next part begins, in UTF-16 units of the text. */
  from: number;
  /** The first token that counts starts here; in a gap, here or later. */
  firstStart: number;
  /** White space without tokens: it has none before `firstStart` if it begins there. */
  isGap: boolean;
  /** Tokens to be found before the first that counts, the nearest first. */
  tokensBefore: readonly { id: number; start: number }[];
}

/** How a part ends: the tokens before `end` are those of the whole text. */
interface PartEnd {
  end: number;
  seam: Seam;
  /** The same, of a next part that begins where this one does: what it reads first is the same in any case. */
  safeSeam: Seam;
}

/**
 * Reads a text of any length piece by piece, so that it takes neither memory nor turns from others, and so that a
 * caller that needs only its first tokens need not wait for all of them. The tokens are those of the whole text.
 *
 * A piece is tokenized otherwise at its edges than the text around it is: a word is cut, spaces are not followed by
 * their word, a prefix is put before it. So no token counts near a cut, and parts overlap: the next one begins at the
 * start of a word, well before the place where it takes over, and must have the same tokens there. If it has none, it
 * begins where the part before did. Where no word ends, as in a long one, the part is made longer, in the end to all.
 *
 * @param encodePart tokenizes a piece.
 * @param firstUnits UTF-16 units of the first piece.
 */
export async function* readInParts<Piece extends Part>(
  text: string,
  encodePart: (piece: string) => Promise<Piece>,
  firstUnits: number,
): AsyncGenerator<Segment<Piece>, void, undefined> {
  let from = 0;
  let seam: Seam | null = null;
  let safeSeam: Seam | null = null;
  let units = firstUnits;
  for (;;) {
    const to = notInPair(text, from + units);
    const piece = text.slice(from, to);
    const part = await encodePart(piece);
    const first = seam === null ? 0 : findSeam(part, seam);
    if (first === null) {
      if (safeSeam === null || (seam === safeSeam && to === text.length)) {
        throw new Error('a text gives different token ids in parts than as a whole');
      }
      units = to - Math.min(from, safeSeam.from) + units;
      seam = safeSeam;
      from = safeSeam.from;
      continue;
    }
    if (to === text.length) {
      yield { part, from, to, first, end: part.ids.length };
      return;
    }
    const partEnd = chooseEnd(part, first, piece, from);
    if (partEnd === null) {
      units *= 2;
      continue;
    }
    yield { part, from, to, first, end: partEnd.end };
    ({ seam, safeSeam } = partEnd);
    from = seam.from;
    units = Math.max(Math.min(2 * units, USUAL_UNITS), 4 * OVERLAP_UNITS);
  }
}

/** The token of the part at which it takes over; null if it differs from the part before. */
function findSeam({ ids, startOf }: Part, { firstStart, isGap, tokensBefore }: Seam): number | null {
  const first = firstFrom(ids.length, startOf, firstStart);
  if (isGap) return first;
  if (first === ids.length || startOf(first) !== firstStart) return null;
  const isSame = tokensBefore.every(
    ({ id, start }, i) => ids[first - 1 - i] === id && startOf(first - 1 - i) === start,
  );
  return isSame ? first : null;
}

/** The last place of a part, behind the token `first`, at which the next can take over; null: the part is too short. */
function chooseEnd(part: Part, first: number, piece: string, from: number): PartEnd | null {
  const { ids, startOf, wordStartOf } = part;
  const sureUnits = notInPair(piece, piece.length - UNSURE_UNITS);
  if (sureUnits <= 0) return null;
  const afterSure = firstFrom(ids.length, startOf, codePointsOf(piece, 0, sureUnits));
  if (afterSure === ids.length) {
    const gap = gapEndOf(part, piece, from);
    if (gap !== null) return gap;
  }
  if (afterSure - 1 <= first) return null;
  const wordStart = wordStartOf(afterSure - 1);
  const isOneWord = wordStart <= first;
  const isLongWord = isOneWord && !WORDS.test(piece.slice(unitsOf(piece, startOf(wordStart))));
  if (isLongWord && piece.length < LONGEST_WORD_UNITS) return null;
  // The bytes of one character are tokens that start at the same place.
  const end = isOneWord ? firstFrom(ids.length, startOf, startOf(afterSure - 1)) : wordStart;
  if (end <= first) return null;
  const firstStart = startOf(end);
  const overlap = codePointsOf(piece, 0, notInPair(piece, Math.max(0, unitsOf(piece, firstStart) - OVERLAP_UNITS)));
  const beforeOverlap = firstFrom(ids.length, startOf, overlap + 1) - 1;
  // A true start of a word: what counts from its start, such as digits by threes, counts as in the whole text.
  const start = beforeOverlap < 0 ? 0 : startOf(isOneWord ? beforeOverlap : wordStartOf(beforeOverlap));
  const seamAt = (begin: number): Seam => {
    const tokensBefore: { id: number; start: number }[] = [];
    for (let i = end - 1; i >= 0 && firstStart - startOf(i) <= COMPARED_CODE_POINTS && startOf(i) > begin; i--) {
      tokensBefore.push({ id: ids[i] as number, start: startOf(i) - begin });
    }
    return { from: from + unitsOf(piece, begin), firstStart: firstStart - begin, isGap: false, tokensBefore };
  };
  return { end, seam: seamAt(start), safeSeam: seamAt(0) };
}

/** White space that has no tokens and continues beyond the part: the next one may begin anywhere in it. */
function gapEndOf({ ids, startOf }: Part, piece: string, from: number): PartEnd | null {
  const begin = notInPair(piece, piece.length - OVERLAP_UNITS - UNSURE_UNITS);
  const lastStart = ids.length === 0 ? -1 : unitsOf(piece, startOf(ids.length - 1));
  // A token of white space may be that of a next word, whose other part is not there yet.
  const isBehindWord = lastStart < begin && (lastStart < 0 || piece.charAt(lastStart).trim() !== '');
  if (begin <= 0 || !isBehindWord || piece.slice(begin).trim() !== '') return null;
  const gapFrom = (start: number): Seam => ({
    from: from + start,
    firstStart: codePointsOf(piece, start, piece.length - UNSURE_UNITS),
    isGap: true,
    tokensBefore: [],
  });
  return { end: ids.length, seam: gapFrom(begin), safeSeam: gapFrom(0) };
}

/** The first token that starts at a code point or after it; `count` where none does. */
function firstFrom(count: number, startOf: (token: number) => number, codePoint: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(middle) < codePoint) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Not through the middle of a surrogate pair, and not beyond the end. */
function notInPair(text: string, units: number): number {
  if (units >= text.length) return text.length;
  const unit = text.charCodeAt(units);
  return unit >= 0xdc00 && unit < 0xe000 ? units - 1 : units;
}

function codePointsOf(text: string, from: number, to: number): number {
  let pairs = 0;
  for (let i = from; i < to; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) pairs += 1;
  return to - from - pairs;
}

function unitsOf(text: string, codePoints: number): number {
  let units = 0;
  for (let i = 0; i < codePoints; i++) units += (text.charCodeAt(units) & 0xfc00) === 0xd800 ? 2 : 1;
  return units;
}
