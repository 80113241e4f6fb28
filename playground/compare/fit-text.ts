/** As charts are labelled: see compare.css. */
const FONT = '12px system-ui, "Noto Sans", sans-serif';

let measure: CanvasRenderingContext2D | null | undefined;

/** The beginning of a text that fits into so many pixels, with an ellipsis where it is not all. */
export function fitText(text: string, pixels: number): string {
  measure ??= document.createElement('canvas').getContext('2d');
  if (measure === null) return text;
  measure.font = FONT;
  // Longer ones never fit; measuring them takes time.
  const characters = [...text.slice(0, 200)];
  if (characters.length === text.length && measure.measureText(text).width <= pixels) return text;
  let count = characters.length;
  while (count > 1 && measure.measureText(`${characters.slice(0, count).join('')}…`).width > pixels) count -= 1;
  return `${characters.slice(0, count).join('').trimEnd()}…`;
}
