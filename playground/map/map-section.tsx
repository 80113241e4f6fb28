import { useEffect, useRef } from 'preact/hooks';
import { collection } from '../collection/collection.ts';
import { openLast } from '../collection/open-saved.ts';
import { AllTexts } from './all-texts.tsx';
import { ChosenText } from './chosen-text.tsx';
import { ColorChoice } from './coloring/color-choice.tsx';
import { Legend } from './coloring/legend.tsx';
import { EmptyMap } from './empty-map.tsx';
import { HitList } from './hit-list.tsx';
import { LayoutChoice } from './layout-choice.tsx';
import './make-map.ts';
import './map.css';
import { isLookedAt, mapped, pca, problem } from './map-state.ts';
import { MapStage } from './view/map-stage.tsx';

/** The texts of the open collection as points: near means similar. */
export function MapSection() {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void openLast();
    const observer = new IntersectionObserver((entries) => {
      isLookedAt.value = entries.some(({ isIntersecting }) => isIntersecting);
    });
    observer.observe(root.current as HTMLDivElement);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="map" ref={root}>
      {collection.value === null ? <EmptyMap /> : <TextMap />}
    </div>
  );
}

function TextMap() {
  const isDrawn = mapped.value !== null && pca.value !== null;
  return (
    <>
      <div class="map-controls">
        <LayoutChoice />
        {isDrawn && <ColorChoice />}
      </div>
      <p class="error" role="alert" hidden={problem.value === null}>
        {problem.value}
      </p>
      {isDrawn && (
        <>
          <div class="map-body">
            <MapStage />
            <aside class="map-side" aria-label="About the map">
              <Legend />
              <HitList />
              <ChosenText />
            </aside>
          </div>
          <AllTexts />
        </>
      )}
    </>
  );
}
