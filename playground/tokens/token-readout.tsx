import type { ShownPart } from './shown-tokens.ts';
import { visibleText } from './visible-text.ts';

const KINDS: Record<ShownPart['kind'], string> = {
  special: 'special token, put there by the tokenizer',
  prompt: 'of the prompt',
  text: 'of the text',
  gap: 'in no token',
  cut: 'not read',
};

/** What a part stands for, and by which tokens. */
export function TokenReadout({ part }: { part: ShownPart | null }) {
  if (part === null || part.pieces.length === 0) {
    return (
      <p class="readout fact">Point at a token, or choose one with the arrow keys, to see its id and its place.</p>
    );
  }
  const { pieces, kind, text, index } = part;
  const [first, last] = [pieces[0], pieces.at(-1)];
  const ids = pieces.map(({ id }) => id).join(', ');
  return (
    <p class="readout" role="status">
      <code>{text === '' ? '∅' : visibleText(text)}</code>{' '}
      {pieces.length === 1
        ? `token ${index + 1}, id ${ids}`
        : `tokens ${index + 1} to ${index + pieces.length}, ids ${ids}`}
      ; {KINDS[kind]}
      {first?.start != null && last?.stop != null && `; characters ${first.start} to ${last.stop}`}
      {pieces.length > 1 && '; its bytes are divided between them'}
    </p>
  );
}
