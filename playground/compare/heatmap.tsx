import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type DrawnMatrix, drawHeatmap, drawLegend } from './draw-heatmap.ts';
import { cellAt, cellByKey, layoutHeatmap } from './heatmap-layout.ts';

export interface CellPlace {
  row: number;
  column: number;
}

interface Props extends DrawnMatrix {
  /** For people, and the name of the drawing. */
  title: string;
  /** What the scores are. */
  unit: string;
  selected: CellPlace | null;
  onSelect: (place: CellPlace | null) => void;
}

/** Scores as colors, with their values. A pointer or the arrow keys choose a pair; what it is, is said elsewhere. */
export function Heatmap({ title, unit, selected, onSelect, ...matrix }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const drawing = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  const chosen = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const { queries, documents, scores, best, otherBest } = matrix;
  const size = { rows: queries.length, columns: documents.length };
  const layout = useMemo(() => layoutHeatmap(size.rows, size.columns, width), [size.rows, size.columns, width]);
  useEffect(() => {
    if (width === 0) return;
    // In a task of its own: a large matrix beside another one would hold the page for as long as both.
    const timer = setTimeout(() => drawing.current?.replaceChildren(drawHeatmap(matrix, layout)));
    return () => clearTimeout(timer);
  }, [queries, documents, scores, best, otherBest, layout]);
  useEffect(() => legend.current?.replaceChildren(drawLegend(scores, unit)), [scores, unit]);

  const place = (event: MouseEvent) => {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    onSelect(cellAt(event.clientX - left, event.clientY - top, { ...size, layout }));
  };
  const step = (event: KeyboardEvent) => {
    const next = cellByKey(event.key, selected ?? { row: 0, column: 0 }, size);
    if (next === null) return;
    event.preventDefault();
    onSelect(next);
    // Once it is drawn there.
    setTimeout(() => chosen.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
  };
  return (
    <figure class="heatmap">
      <figcaption>
        <h3>{title}</h3>
        <div class="legend" ref={legend} role="img" aria-label={`Colors of the scores: ${unit}`} />
      </figcaption>
      {/* biome-ignore lint/a11y/useSemanticElements: no element is a drawing whose parts keys choose. */}
      <div
        class="frame"
        ref={frame}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys choose a pair here, as the pointer does.
        tabIndex={0}
        aria-label={`${title}: arrow keys choose a pair; the same is below as a table`}
        onKeyDown={step}
        onFocus={() => selected === null && onSelect({ row: 0, column: Math.max(0, best[0] ?? 0) })}
      >
        <div class="canvas" aria-hidden="true" onMouseMove={place} onClick={place}>
          <div class="drawing" ref={drawing} />
          {selected !== null && (
            <div
              class="selected"
              ref={chosen}
              style={{
                left: `${layout.left + selected.column * layout.cellWidth}px`,
                top: `${layout.top + selected.row * layout.cellHeight}px`,
                width: `${layout.cellWidth}px`,
                height: `${layout.cellHeight}px`,
              }}
            />
          )}
        </div>
      </div>
    </figure>
  );
}

/** The width of an element in CSS pixels, as it changes; 0 while it is hidden. */
function useWidth(element: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const now = Math.floor(entry?.contentRect.width ?? 0);
      if (now > 0) setWidth(now);
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
