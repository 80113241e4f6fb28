import { select } from 'd3-selection';
import { type D3ZoomEvent, zoom, zoomIdentity } from 'd3-zoom';
import type { Zoom } from './viewport.ts';

export interface Zooming {
  current: () => Zoom;
  /** Around the middle. */
  by: (factor: number) => void;
  /** In CSS pixels. */
  pan: (dx: number, dy: number) => void;
  /** Brings a place, in CSS pixels as it is now, to the middle. */
  center: (x: number, y: number) => void;
  reset: () => void;
}

const MOST = 60;

/** Pan and zoom by dragging, wheel, pinch and double click, and by what is called. `onZoom` is told of each change. */
export function startZooming(stage: HTMLElement, onZoom: () => void): Zooming {
  let current: Zoom = { k: 1, x: 0, y: 0 };
  const behavior = zoom<HTMLElement, unknown>()
    .scaleExtent([0.5, MOST])
    .on('zoom', ({ transform }: D3ZoomEvent<HTMLElement, unknown>) => {
      current = transform;
      onZoom();
    });
  const selection = select<HTMLElement, unknown>(stage).call(behavior);
  return {
    current: () => current,
    by: (factor) => behavior.scaleBy(selection, factor),
    pan: (dx, dy) => behavior.translateBy(selection, dx / current.k, dy / current.k),
    center: (x, y) =>
      behavior.translateBy(
        selection,
        (stage.clientWidth / 2 - x) / current.k,
        (stage.clientHeight / 2 - y) / current.k,
      ),
    reset: () => behavior.transform(selection, zoomIdentity),
  };
}
