import { saveFile } from '../../save-file.ts';
import { coloring, theme } from '../coloring/color-by.ts';
import { hits } from '../hits.ts';
import { mapped, shown } from '../map-state.ts';
import { drawLegend, LEGEND_WIDTH } from './draw-legend.ts';
import { drawPoints } from './draw-points.ts';
import type { MapView } from './map-view.ts';

/** Pixels for each of CSS, whatever the screen has. */
const DENSITY = 2;
const TITLE_HEIGHT = 48;

/** Saves what the map shows as a PNG, with a title and the legend. */
export async function savePicture(view: MapView): Promise<void> {
  const picture = view.picture();
  const texts = mapped.value;
  if (picture === null || texts === null) return;
  const { name, model } = texts.of;
  const canvas = document.createElement('canvas');
  const hasLegend = coloring.value.kind !== 'uncolored';
  canvas.width = DENSITY * (picture.width + (hasLegend ? LEGEND_WIDTH : 0));
  canvas.height = DENSITY * (picture.height + TITLE_HEIGHT);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = picture.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const points = new ImageData(DENSITY * picture.width, DENSITY * picture.height);
  drawPoints(points, { ...picture, density: DENSITY });
  context.putImageData(points, 0, DENSITY * TITLE_HEIGHT);
  context.scale(DENSITY, DENSITY);
  context.save();
  context.translate(0, TITLE_HEIGHT);
  context.beginPath();
  context.rect(0, 0, picture.width, picture.height);
  context.clip();
  view.drawMarks(context);
  context.restore();
  const { color, fontFamily } = getComputedStyle(document.body);
  context.fillStyle = color;
  context.font = `600 18px ${fontFamily}`;
  context.fillText(name, 20, 31, picture.width - 40);
  const after = Math.min(context.measureText(name).width, picture.width - 40);
  context.font = `14px ${fontFamily}`;
  const count = texts.rows.length.toLocaleString('en');
  const searched = hits.value === null ? '' : ` · nearest to “${hits.value.query}”`;
  const facts = `${count} texts · ${model} · ${shown.value === 'pca' ? 'PCA' : 'UMAP'}${searched}`;
  context.fillText(facts, after + 34, 31, Math.max(1, canvas.width / DENSITY - after - 54));
  if (hasLegend) {
    context.translate(picture.width, TITLE_HEIGHT);
    drawLegend(context, coloring.value, { theme: theme.value, color, fontFamily, height: picture.height });
  }
  const file = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (file === null) throw new Error('The browser could not write the picture');
  saveFile(file, `${name.replace(/\.[^.]*$/, '')}-map.png`);
}
