import type { Appearance } from '../coloring/appearance.ts';
import { between, type Layout } from '../layout.ts';
import { drawMarks, type MarkedPoints } from './draw-marks.ts';
import { drawPoints, type Picture, pointRadius } from './draw-points.ts';
import { onScreen, pointAt, viewportOf } from './viewport.ts';
import { startZooming, type Zooming } from './zooming.ts';

interface Elements {
  stage: HTMLElement;
  points: HTMLCanvasElement;
  /** Above the points: drawn again when one points at something, which the points are not. */
  marks: HTMLCanvasElement;
}

/** What is on the canvas, and what can be done with it. */
export interface MapView {
  zooming: Zooming;
  /** Moves the points there; at once where the user wants no motion. */
  moveTo: (layout: Layout, milliseconds: number) => void;
  color: (appearance: Appearance, emphasized: number | null) => void;
  mark: (points: MarkedPoints) => void;
  /** In CSS pixels from the left and top of the stage; null: nothing is near. */
  pointAt: (x: number, y: number) => number | null;
  placeOf: (point: number) => [number, number];
  /** Pans until the point is in the middle, if it is not well within the picture. */
  bringIntoView: (point: number) => void;
  picture: () => Picture | null;
  /** Draws what is marked into another picture of the same, in CSS pixels. */
  drawMarks: (context: CanvasRenderingContext2D) => void;
  close: () => void;
}

/** A finger is that wide. */
const REACH = 14;
const EDGE = 30;
const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/** @param onMove is called when points lie elsewhere on the screen. */
export function showMap({ stage, points, marks }: Elements, onMove: () => void): MapView {
  let layout: Layout | null = null;
  let motion: { from: Layout; to: Layout; start: number; milliseconds: number } | null = null;
  let colors: { appearance: Appearance; emphasized: number | null } | null = null;
  let marked: MarkedPoints = { hits: [], chosen: null, neighbors: [], pointed: null };
  let needs = { points: false, marks: false };
  let frame = 0;
  let image: ImageData | null = null;
  const zooming = startZooming(stage, () => redraw());
  const resizing = new ResizeObserver(() => redraw());
  resizing.observe(stage);

  const redraw = (what = { points: true, marks: true }) => {
    needs = { points: needs.points || what.points, marks: needs.marks || what.marks };
    if (frame === 0) frame = requestAnimationFrame(draw);
  };

  function draw(now: number): void {
    frame = 0;
    if (motion !== null) {
      const part = Math.min(1, (now - motion.start) / motion.milliseconds);
      layout = between(motion.from, motion.to, part * part * (3 - 2 * part));
      if (part >= 1) motion = null;
    }
    const isMoving = motion !== null;
    const seen = picture();
    if (seen === null) return;
    if (needs.points) {
      const context = cleared(points, seen);
      if (image?.width !== points.width || image.height !== points.height) {
        image = new ImageData(points.width, points.height);
      }
      drawPoints(image, seen);
      context.putImageData(image, 0, 0);
    }
    if (needs.points || needs.marks) {
      const context = cleared(marks, seen);
      context.scale(seen.density, seen.density);
      markOn(context, seen);
    }
    if (needs.points) onMove();
    needs = { points: false, marks: false };
    if (isMoving) redraw();
  }

  function markOn(context: CanvasRenderingContext2D, seen: Picture): void {
    const { color, fontFamily } = getComputedStyle(stage);
    drawMarks(context, marked, { ...seen, color, fontFamily });
  }

  function picture(): Picture | null {
    const { clientWidth: width, clientHeight: height } = stage;
    if (layout === null || colors === null || width === 0 || height === 0) return null;
    const zoom = zooming.current();
    return {
      layout,
      viewport: viewportOf(layout, width, height, zoom),
      ...colors,
      width,
      height,
      density: devicePixelRatio,
      radius: pointRadius(layout.positions.length / 2, zoom.k),
      ground: getComputedStyle(stage).backgroundColor,
    };
  }

  return {
    zooming,
    moveTo: (to, milliseconds) => {
      if (layout === null || stillness.matches || milliseconds === 0) {
        layout = to;
        motion = null;
      } else motion = { from: layout, to, start: performance.now(), milliseconds };
      redraw();
    },
    color: (appearance, emphasized) => {
      colors = { appearance, emphasized };
      redraw();
    },
    mark: (points) => {
      marked = points;
      redraw({ points: false, marks: true });
    },
    pointAt: (x, y) => {
      const now = picture();
      return now === null ? null : pointAt(now.layout, now.viewport, { x, y, reach: REACH });
    },
    placeOf,
    bringIntoView: (point) => {
      const [x, y] = placeOf(point);
      const { clientWidth: width, clientHeight: height } = stage;
      if (x < EDGE || y < EDGE || x > width - EDGE || y > height - EDGE) zooming.center(x, y);
    },
    picture,
    drawMarks: (context) => {
      const seen = picture();
      if (seen !== null) markOn(context, seen);
    },
    close: () => {
      resizing.disconnect();
      cancelAnimationFrame(frame);
    },
  };

  function placeOf(point: number): [number, number] {
    const now = picture();
    return now === null ? [0, 0] : onScreen(now.layout, now.viewport, point);
  }
}

/** Its size follows the stage's; a canvas that is sized anew is empty, too. */
function cleared(canvas: HTMLCanvasElement, { width, height, density }: Picture): CanvasRenderingContext2D {
  const wide = Math.round(width * density);
  const high = Math.round(height * density);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  } else {
    context.resetTransform();
    context.globalAlpha = 1;
    context.clearRect(0, 0, wide, high);
  }
  return context;
}
