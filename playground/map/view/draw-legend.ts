import { scaleLinear } from 'd3-scale';
import { colorRamp } from '../coloring/appearance.ts';
import type { Coloring, Groups, NumberScale } from '../coloring/coloring.ts';
import { groupStyle, plainColors, type Theme } from '../coloring/palette.ts';
import { traceShape } from './trace-shape.ts';

export const LEGEND_WIDTH = 360;
const LINE = 26;
const BAR = { width: 220, height: 14 };

interface LegendStyle {
  theme: Theme;
  color: string;
  fontFamily: string;
  height: number;
}

/** Draws what the colors mean, from the origin down. */
export function drawLegend(context: CanvasRenderingContext2D, coloring: Coloring, style: LegendStyle): void {
  if (coloring.kind === 'uncolored') return;
  context.textBaseline = 'middle';
  context.font = `600 14px ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.fillText(coloring.title, 0, LINE / 2, LEGEND_WIDTH - 20);
  context.font = `14px ${style.fontFamily}`;
  context.translate(0, LINE);
  if (coloring.kind === 'groups') drawGroups(context, coloring, style);
  else drawScale(context, coloring, style);
}

function drawGroups(context: CanvasRenderingContext2D, { groups, rest }: Groups, { theme, color }: LegendStyle): void {
  const none = { color: plainColors[theme].none, shape: 'circle' } as const;
  const all = groups.map((group, place) => ({ ...group, style: groupStyle(place, theme) }));
  if (rest.count > 0) all.push({ ...rest, style: none });
  for (const { name, count, style } of all) {
    context.save();
    context.translate(8, LINE / 2);
    traceShape(context, style.shape, 6);
    context.fillStyle = style.color;
    context.fill();
    context.restore();
    context.fillStyle = color;
    context.fillText(fitting(context, name, ` (${count.toLocaleString('en')})`), 24, LINE / 2);
    context.translate(0, LINE);
  }
}

/** As much of a name as there is room for, with what comes after it. */
function fitting(context: CanvasRenderingContext2D, name: string, after: string): string {
  const fits = (text: string) => context.measureText(text).width <= LEGEND_WIDTH - 40;
  if (fits(name + after)) return name + after;
  let length = name.length;
  while (length > 1 && !fits(`${name.slice(0, length)}…${after}`)) length--;
  return `${name.slice(0, length)}…${after}`;
}

function drawScale(context: CanvasRenderingContext2D, { least, most }: NumberScale, style: LegendStyle): void {
  const ramp = colorRamp(style.theme);
  for (let x = 0; x < BAR.width; x++) {
    context.fillStyle = ramp(x / (BAR.width - 1));
    context.fillRect(x, 0, 1, BAR.height);
  }
  const format = scaleLinear().domain([least, most]).tickFormat(4);
  context.fillStyle = style.color;
  context.fillText(format(least), 0, BAR.height + LINE / 2);
  context.textAlign = 'right';
  context.fillText(format(most), BAR.width, BAR.height + LINE / 2);
  context.textAlign = 'left';
}
