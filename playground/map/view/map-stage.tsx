import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { appearance, coloring, emphasized } from '../coloring/color-by.ts';
import { hits } from '../hits.ts';
import { chosen, layout, mapped, pointed, shown, work } from '../map-state.ts';
import { neighbors } from '../neighbors.ts';
import { describeMap } from './describe-map.ts';
import { type MapView, showMap } from './map-view.ts';
import { PointLabel } from './point-label.tsx';
import { pressKey } from './press-key.ts';
import { savePicture } from './save-picture.ts';

/** From one layout to another. */
const CHANGE_MS = 700;
/** From what UMAP has to what it has next, about as fast as it says so. */
const FLOW_MS = 120;

/** The picture itself, with what moves it. */
export function MapStage() {
  const stage = useRef<HTMLDivElement>(null);
  const points = useRef<HTMLCanvasElement>(null);
  const marks = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<MapView | null>(null);
  const [, setMoves] = useState(0);
  useEffect(() => {
    const elements = { stage: stage.current, points: points.current, marks: marks.current };
    const view = showMap(elements as Parameters<typeof showMap>[0], () => {
      if (pointed.value !== null) setMoves((count) => count + 1);
    });
    setView(view);
    let previous: typeof shown.value | null = null;
    const ends = [
      effect(() => view.color(appearance.value, emphasized.value)),
      effect(() => {
        if (layout.value === null) return;
        const isFlowing = previous === shown.value && shown.value === 'umap';
        previous = shown.value;
        view.moveTo(layout.value, isFlowing ? FLOW_MS : CHANGE_MS);
      }),
      effect(() =>
        view.mark({
          hits: hits.value?.hits ?? [],
          chosen: chosen.value,
          neighbors: neighbors.value?.map(({ point }) => point) ?? [],
          pointed: pointed.value,
        }),
      ),
      effect(() => {
        if (chosen.value !== null) view.bringIntoView(chosen.value);
      }),
    ];
    return () => {
      for (const end of ends) end();
      view.close();
    };
  }, []);
  const point = pointed.value;
  return (
    <div class="map-frame">
      <div
        class="map-stage"
        ref={stage}
        role="application"
        aria-label={`Map of ${(mapped.value?.rows.length ?? 0).toLocaleString('en')} texts`}
        aria-describedby="map-keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is an application takes keys.
        tabIndex={0}
        data-settled={work.value === null}
        onKeyDown={(event) => view !== null && pressKey(event, view)}
        onPointerMove={({ offsetX, offsetY, buttons }) => {
          if (buttons === 0) pointed.value = view?.pointAt(offsetX, offsetY) ?? null;
        }}
        onPointerLeave={() => {
          pointed.value = null;
        }}
        onClick={({ offsetX, offsetY }) => {
          chosen.value = view?.pointAt(offsetX, offsetY) ?? null;
        }}
        onBlur={() => {
          pointed.value = null;
        }}
      >
        <canvas ref={points} role="img" aria-label={describeMap(shown.value, coloring.value, hits.value)} />
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas is not focusable by itself. */}
        <canvas ref={marks} aria-hidden="true" />
        <div aria-live="polite">{view !== null && point !== null && <LabelOf point={point} view={view} />}</div>
      </div>
      <p id="map-keys" class="map-keys">
        Arrow keys go from text to text, <kbd>Enter</kbd> shows neighbors, <kbd>+</kbd> <kbd>−</kbd> zoom, <kbd>0</kbd>{' '}
        shows all, <kbd>Shift</kbd> with an arrow pans, <kbd>Esc</kbd> closes.
      </p>
      <div class="map-buttons">
        <button type="button" class="quiet" aria-label="Zoom in" onClick={() => view?.zooming.by(1.6)}>
          +
        </button>
        <button type="button" class="quiet" aria-label="Zoom out" onClick={() => view?.zooming.by(1 / 1.6)}>
          −
        </button>
        <button type="button" class="quiet" onClick={() => view?.zooming.reset()}>
          Show all
        </button>
        <button type="button" class="quiet" onClick={() => view !== null && void savePicture(view)}>
          Save PNG
        </button>
      </div>
    </div>
  );
}

function LabelOf({ point, view }: { point: number; view: MapView }) {
  const place = view.placeOf(point);
  return <PointLabel point={point} place={place} isAbove={place[1] > (view.picture()?.height ?? 0) / 2} />;
}
