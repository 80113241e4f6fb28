import { chosen, mapped, pointed } from '../map-state.ts';
import type { MapView } from './map-view.ts';
import { type Direction, neighborTowards } from './viewport.ts';

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const STEP_PX = 60;
const PANS: Record<Direction, readonly [number, number]> = {
  left: [STEP_PX, 0],
  right: [-STEP_PX, 0],
  up: [0, STEP_PX],
  down: [0, -STEP_PX],
};
const ZOOM = 1.6;

/** What a key does while the map has the focus. */
export function pressKey(event: KeyboardEvent, view: MapView): void {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const direction = DIRECTIONS[event.key];
  if (direction !== undefined && event.shiftKey) view.zooming.pan(...PANS[direction]);
  else if (direction !== undefined) go(direction, view);
  else if (event.key === '+' || event.key === '=') view.zooming.by(ZOOM);
  else if (event.key === '-') view.zooming.by(1 / ZOOM);
  else if (event.key === '0') view.zooming.reset();
  else if (event.key === 'Enter' || event.key === ' ') chosen.value = pointed.value ?? chosen.value;
  else if (event.key === 'Escape') {
    pointed.value = null;
    chosen.value = null;
  } else return;
  event.preventDefault();
}

/** The first key shows where one is: at the chosen text, or else at the first. */
function go(direction: Direction, view: MapView): void {
  const from = pointed.value;
  const layout = view.picture()?.layout;
  if (layout === undefined || mapped.value === null) return;
  pointed.value = from === null ? (chosen.value ?? 0) : (neighborTowards(layout, from, direction) ?? from);
  view.bringIntoView(pointed.value);
}
