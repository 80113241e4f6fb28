import * as Plot from '@observablehq/plot';
import { fitText } from './fit-text.ts';
import { formatScore, formatTick } from './format-score.ts';
import type { HeatmapLayout } from './heatmap-layout.ts';
import { inkOn } from './ink.ts';

export interface DrawnMatrix {
  queries: readonly string[];
  documents: readonly string[];
  /** Queries × documents; null: not yet known. */
  scores: readonly (readonly (number | null)[])[];
  /** The best column of each row; -1: none yet. */
  best: readonly number[];
  /** The best column of each row as another model sees it; null: there is none. */
  otherBest: readonly number[] | null;
}

interface Cell {
  row: number;
  column: number;
  score: number;
}

/** Lightness alone tells its values apart, in the same order, whatever colors the eye can see. */
const SCHEME = 'viridis';
/** Of a legend, more or less. */
const TICKS = 4;

/** Least and largest score; apart from each other, so that there is a scale. */
export function domainOf(scores: DrawnMatrix['scores']): [number, number] {
  const known = scores.flat().filter((score) => score !== null);
  if (known.length === 0) return [0, 1];
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return least < most ? [least, most] : [least - (Math.abs(least) || 1), most];
}

/** Draws the matrix. Whether its texts are shown is the layout's to say. */
export function drawHeatmap(
  { queries, documents, scores, best, otherBest }: DrawnMatrix,
  layout: HeatmapLayout,
): Element {
  const { cellWidth, cellHeight, left, top, right, hasValues, hasTexts } = layout;
  const cells: Cell[] = [];
  for (const [row, line] of scores.entries()) {
    for (const [column, score] of line.entries()) if (score !== null) cells.push({ row, column, score });
  }
  const color: Plot.ScaleOptions = { type: 'linear', scheme: SCHEME, domain: domainOf(scores) };
  const scale = Plot.scale({ color });
  const ink = ({ score }: Cell) => inkOn(scale.apply(score));
  const isDisputed = (row: number) => otherBest !== null && best[row] !== otherBest[row] && (otherBest[row] ?? -1) >= 0;
  const markedAs = (columns: readonly number[]) => cells.filter(({ row, column }) => columns[row] === column);
  const bestCells = markedAs(best);
  const label = (texts: readonly string[], pixels: number) => (i: number) =>
    hasTexts && pixels > 0 ? `${i + 1}  ${fitText(texts[i] as string, pixels)}` : `${i + 1}`;
  const labelOfRow = label(queries, left - 62);
  const hasColumnTexts = hasTexts && right > 40;
  const place = { x: 'column', y: 'row' } as const;

  const drawn = Plot.plot({
    width: left + documents.length * cellWidth + right,
    height: top + queries.length * cellHeight + 4,
    marginLeft: left,
    marginTop: top,
    marginRight: right,
    marginBottom: 4,
    padding: 0,
    color,
    x: {
      domain: documents.map((_, i) => i),
      axis: 'top',
      label: null,
      tickSize: 0,
      tickRotate: hasColumnTexts ? -35 : 0,
      tickFormat: label(documents, hasColumnTexts ? 110 : 0),
    },
    y: {
      domain: queries.map((_, i) => i),
      label: null,
      tickSize: 0,
      tickFormat: (i: number) => `${isDisputed(i) ? '≠ ' : ''}${labelOfRow(i)}`,
    },
    marks: [
      Plot.cell(cells, { ...place, fill: 'score', inset: 1, rx: 3 }),
      Plot.cell(bestCells, { ...place, stroke: ink, strokeWidth: 2, inset: 3, rx: 3 }),
      ...(otherBest === null
        ? []
        : [
            Plot.cell(
              markedAs(otherBest).filter(({ row }) => isDisputed(row)),
              { ...place, stroke: ink, strokeWidth: 2, strokeDasharray: '3 3', inset: 3, rx: 3 },
            ),
          ]),
      ...(hasValues
        ? [false, true].map((isBest) =>
            Plot.text(
              cells.filter(({ row, column }) => (best[row] === column) === isBest),
              {
                ...place,
                text: ({ score }: Cell) => formatScore(score),
                fill: ink,
                fontWeight: isBest ? 700 : 400,
              },
            ),
          )
        : []),
    ],
  });
  return withoutStyle(drawn);
}

/** The scale of a heatmap's colors. */
export function drawLegend(scores: DrawnMatrix['scores'], label: string): Element {
  const domain = domainOf(scores);
  const color: Plot.ScaleOptions = { type: 'linear', scheme: SCHEME, domain, label };
  const tickFormat = (tick: number) => formatTick(tick, domain, TICKS);
  const legend = Plot.legend({ color, width: 260, ticks: TICKS, tickFormat });
  return withoutStyle(legend);
}

/** The page's policy allows no style element; what Plot's say is in compare.css. */
function withoutStyle(drawn: Element): Element {
  for (const style of drawn.querySelectorAll('style')) style.remove();
  return drawn;
}
