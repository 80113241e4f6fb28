import { useEffect, useRef, useState } from 'preact/hooks';
import type { ShownPart } from './shown-tokens.ts';
import { visibleText } from './visible-text.ts';

interface Props {
  parts: readonly ShownPart[];
  /** Place among the parts; null: none. */
  selected: number | null;
  onSelect: (part: number | null) => void;
}

/** Parts that are on the page at a time: a browser needs a second for a hundred thousand of them. */
const SHOWN_AT_ONCE = 500;
/** Of a text without tokens, such as what is cut off; UTF-16 units. */
const MOST_UNITS = 2_000;

/** The tokens in their text. A pointer or the arrow keys choose one. */
export function TokenList({ parts, selected, onSelect }: Props) {
  const [start, setStart] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const from = start < parts.length ? start : 0;
  const shown = parts.slice(from, from + SHOWN_AT_ONCE);
  const cut = parts.findIndex(({ kind }) => kind === 'cut');
  // Another text is shown from its start.
  useEffect(() => setStart(0), [parts]);
  const step = (event: KeyboardEvent) => {
    const next = partByKey(event.key, selected, parts);
    if (next === null) return;
    event.preventDefault();
    goTo(next);
    onSelect(next);
    requestAnimationFrame(() => list.current?.querySelector('.selected')?.scrollIntoView({ block: 'nearest' }));
  };
  const goTo = (part: number) => setStart(part - (part % SHOWN_AT_ONCE));
  const point = ({ target }: Event) => {
    const part = (target as Element).closest<HTMLElement>('[data-part]')?.dataset.part;
    if (part !== undefined) onSelect(Number(part));
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: no element is a text whose parts keys choose. */}
      <div
        class="token-list"
        ref={list}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys choose a token here, as the pointer does.
        tabIndex={0}
        aria-label="Tokens: arrow keys choose one; the same is below as a table"
        onKeyDown={step}
        onMouseOver={point}
        onFocus={() => selected === null && onSelect(partByKey('Home', null, parts))}
      >
        {shown.map((part, i) => (
          <Part key={from + i} part={part} place={from + i} isSelected={selected === from + i} />
        ))}
      </div>
      {parts.length > SHOWN_AT_ONCE && (
        <p class="pages">
          <button type="button" class="quiet" disabled={from === 0} onClick={() => goTo(from - SHOWN_AT_ONCE)}>
            Before
          </button>
          <span>
            Parts {(from + 1).toLocaleString('en-US')} to {(from + shown.length).toLocaleString('en-US')} of{' '}
            {parts.length.toLocaleString('en-US')}
          </span>
          <button
            type="button"
            class="quiet"
            disabled={from + SHOWN_AT_ONCE >= parts.length}
            onClick={() => goTo(from + SHOWN_AT_ONCE)}
          >
            After
          </button>
          {cut >= 0 && (
            <button type="button" class="quiet" onClick={() => goTo(cut)}>
              To the cut
            </button>
          )}
        </p>
      )}
    </>
  );
}

function Part({ part, place, isSelected }: { part: ShownPart; place: number; isSelected: boolean }) {
  const { kind, text, pieces } = part;
  const isLong = text.length > MOST_UNITS;
  const written = visibleText(isLong ? text.slice(0, MOST_UNITS) : text);
  if (kind === 'cut') {
    return (
      <del>
        {written}
        {isLong && ` … and ${(text.length - MOST_UNITS).toLocaleString('en-US')} characters more`}
      </del>
    );
  }
  if (kind === 'gap') return <span class="gap">{written}</span>;
  return (
    <span data-part={place} class={`token ${kind} tint-${place % 4}${isSelected ? ' selected' : ''}`}>
      {text === '' ? '∅' : written}
      {pieces.length > 1 && <sup>{pieces.length}</sup>}
    </span>
  );
}

/** The part that a key leads to, of those that have tokens; null: the key means nothing here, or there is none. */
export function partByKey(key: string, selected: number | null, parts: readonly ShownPart[]): number | null {
  const hasTokens = (part: ShownPart) => part.pieces.length > 0;
  const find = (start: number, by: 1 | -1) => {
    for (let i = start; i >= 0 && i < parts.length; i += by) if (hasTokens(parts[i] as ShownPart)) return i;
    return selected;
  };
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return find((selected ?? -1) + 1, 1);
    case 'ArrowLeft':
    case 'ArrowUp':
      return find((selected ?? parts.length) - 1, -1);
    case 'Home':
      return find(0, 1);
    case 'End':
      return find(parts.length - 1, -1);
    default:
      return null;
  }
}
