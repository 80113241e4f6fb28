import { codePointReader, countCodePoints } from './code-points.ts';

/** A token as `/v1/tokenize` describes it: places count code points of prompt and text. */
export interface TokenPiece {
  id: number;
  text: string;
  special: boolean;
  start: number | null;
  stop: number | null;
  prompt: boolean;
}

/** A part of what is shown, in the order of the text. */
export interface ShownPart {
  /** `gap`: characters that are in no token, such as spaces in many vocabularies; `cut`: what truncation leaves out. */
  kind: 'special' | 'prompt' | 'text' | 'gap' | 'cut';
  text: string;
  /** The tokens that stand for it: several where they are parts of one character. */
  pieces: readonly TokenPiece[];
  /** The place of the first of them among all tokens, counted from 0. */
  index: number;
}

export interface TokenizedText {
  pieces: readonly TokenPiece[];
  prompt: string;
  input: string;
  /** The side that was cut off; null: nothing was. */
  cut: 'start' | 'end' | null;
}

/**
 * The text as its tokens divide it. Tokens of a byte-level vocabulary that are parts of one character share its place:
 * they are one part.
 */
export function showTokens({ pieces, prompt, input, cut }: TokenizedText): ShownPart[] {
  const text = codePointReader(prompt + input);
  const promptEnd = countCodePoints(prompt);
  const lastInText = pieces.findLastIndex(({ start }) => start !== null);
  const parts: ShownPart[] = [];
  /** Code points that are shown so far. */
  let end = 0;
  let isStartCut = cut === 'start';
  const fill = (to: number, kind: 'gap' | 'cut', index: number) => {
    if (to <= end) return;
    parts.push({ kind, text: text.slice(end, to), pieces: [], index });
    end = to;
  };
  const fillRest = (index: number) => {
    const rest = end === Number.POSITIVE_INFINITY ? '' : text.slice(end);
    if (rest !== '') parts.push({ kind: cut === 'end' ? 'cut' : 'gap', text: rest, pieces: [], index });
    end = Number.POSITIVE_INFINITY;
  };
  for (let index = 0; index < pieces.length; ) {
    const group = groupAt(pieces, index);
    const { start, stop, prompt: isPrompt, text: name } = group[0] as TokenPiece;
    if (start === null || stop === null) {
      if (index > lastInText) fillRest(index);
      parts.push({ kind: 'special', text: name, pieces: group, index });
    } else {
      const isBehindCut = isStartCut && !isPrompt;
      if (isBehindCut) fill(Math.min(promptEnd, start), 'gap', index);
      fill(start, isBehindCut ? 'cut' : 'gap', index);
      if (isBehindCut) isStartCut = false;
      const to = Math.max(end, ...group.map((piece) => piece.stop ?? 0));
      parts.push({ kind: isPrompt ? 'prompt' : 'text', text: text.slice(end, to), pieces: group, index });
      end = to;
    }
    index += group.length;
  }
  fillRest(pieces.length);
  return parts;
}

/** The token at a place and those behind it that stand for a part of the same characters. */
function groupAt(pieces: readonly TokenPiece[], index: number): readonly TokenPiece[] {
  let stop = pieces[index]?.stop ?? null;
  let next = index + 1;
  for (; stop !== null && next < pieces.length; next++) {
    const piece = pieces[next] as TokenPiece;
    if (piece.start === null || piece.start >= stop) break;
    stop = Math.max(stop, piece.stop ?? 0);
  }
  return pieces.slice(index, next);
}
