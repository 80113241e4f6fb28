export interface HeatmapLayout {
  /** In CSS pixels. */
  cellWidth: number;
  cellHeight: number;
  left: number;
  top: number;
  right: number;
  /** Whether cells have room for their value. */
  hasValues: boolean;
  /** Whether rows and columns have room for the beginning of their text beside their number. */
  hasTexts: boolean;
}

/** What `−0.624` needs at the size of cells. */
const VALUE_WIDTH = 46;
const WIDEST_CELL = 110;
const NARROWEST_CELL = 14;
/** More columns are easier to compare by color, all at once, than by numbers that have to be scrolled to. */
const MOST_VALUES = 16;
/** Below so many pixels the texts would take the place of the cells. */
const ROOM_FOR_TEXTS = 520;

/** How large a heatmap is drawn that has `width` pixels; it is wider where it has to be, and then scrolls. */
export function layoutHeatmap(rows: number, columns: number, width: number): HeatmapLayout {
  const hasTexts = width >= ROOM_FOR_TEXTS;
  const left = hasTexts ? Math.min(240, Math.round(width * 0.28)) : 40;
  const hasColumnTexts = hasTexts && columns <= MOST_VALUES;
  const right = hasColumnTexts ? 84 : 12;
  const top = hasColumnTexts ? 104 : 28;
  const fitting = (width - left - right) / columns;
  const hasValues = columns <= MOST_VALUES;
  const least = hasValues ? VALUE_WIDTH : NARROWEST_CELL;
  const cellWidth = Math.floor(Math.max(least, Math.min(WIDEST_CELL, fitting)));
  const cellHeight = hasValues && rows <= 30 ? 34 : Math.max(NARROWEST_CELL, Math.min(22, cellWidth));
  return { cellWidth, cellHeight, left, top, right, hasValues, hasTexts };
}

/** The cell at a place in the drawing; null: there is none. */
export function cellAt(
  x: number,
  y: number,
  { rows, columns, layout }: { rows: number; columns: number; layout: HeatmapLayout },
): { row: number; column: number } | null {
  const column = Math.floor((x - layout.left) / layout.cellWidth);
  const row = Math.floor((y - layout.top) / layout.cellHeight);
  return column >= 0 && column < columns && row >= 0 && row < rows ? { row, column } : null;
}

/** The cell that a key leads to; null: the key means nothing here. */
export function cellByKey(
  key: string,
  { row, column }: { row: number; column: number },
  { rows, columns }: { rows: number; columns: number },
): { row: number; column: number } | null {
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  switch (key) {
    case 'ArrowUp':
      return { row: within(row - 1, rows), column };
    case 'ArrowDown':
      return { row: within(row + 1, rows), column };
    case 'ArrowLeft':
      return { row, column: within(column - 1, columns) };
    case 'ArrowRight':
      return { row, column: within(column + 1, columns) };
    case 'Home':
      return { row, column: 0 };
    case 'End':
      return { row, column: columns - 1 };
    default:
      return null;
  }
}
