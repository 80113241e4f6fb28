import { collection } from '../collection/collection.ts';
import { bringUpToDate, improve, stopImproving } from './make-map.ts';
import { hasUmap, type LayoutName, mapped, newTexts, pca, shown, umap, type Work, wanted, work } from './map-state.ts';

const NAMES: Record<LayoutName, string> = { pca: 'PCA', umap: 'UMAP' };
const STEPS: Record<Work['step'], string> = {
  vectors: 'Reading the vectors…',
  pca: 'Finding the principal components…',
  neighbors: 'Finding the neighbors of each text…',
  umap: 'UMAP is arranging the texts…',
};

/** Which of the two layouts is shown, what is being computed, and whether texts are missing. */
export function LayoutChoice() {
  return (
    <div class="map-layout">
      <fieldset class="segments">
        <legend>Layout</legend>
        {(Object.keys(NAMES) as LayoutName[]).map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="map-layout"
              checked={wanted.value === name}
              disabled={name === 'umap' && !hasUmap.value}
              onChange={() => {
                wanted.value = name;
              }}
            />
            <span>{NAMES[name]}</span>
          </label>
        ))}
      </fieldset>
      <Progress />
      <Missing />
    </div>
  );
}

function Progress() {
  const now = work.value;
  if (now === null) return <p class="map-fact">{fact()}</p>;
  const canStop = now.step === 'neighbors' || now.step === 'umap';
  return (
    <div class="map-work">
      <span role="status">{STEPS[now.step]}</span>
      <progress max="1" value={now.done ?? undefined} aria-label={STEPS[now.step]} />
      {canStop && (
        <button type="button" class="quiet" onClick={stopImproving}>
          Stop
        </button>
      )}
    </div>
  );
}

/** What one should know of the layout that is shown. */
function fact() {
  if (shown.value === 'pca') {
    if (pca.value?.areAlike) {
      return mapped.value?.rows.length === 1
        ? 'One text is one point.'
        : 'All these texts have the same vector, and lie at one point.';
    }
    const explained = pca.value?.explained;
    const canImprove = umap.value === null && hasUmap.value;
    return (
      <>
        {explained !== undefined &&
          `${Math.round(explained * 100)}% of what tells the texts apart is in these two directions.`}{' '}
        {canImprove && (
          <button type="button" class="quiet" onClick={improve}>
            Compute UMAP
          </button>
        )}
      </>
    );
  }
  if (umap.value === null || umap.value.epoch === umap.value.epochs) {
    return 'Groups and neighbors mean something, distances between groups little.';
  }
  return (
    <>
      Stopped after {umap.value.epoch} of {umap.value.epochs} epochs.{' '}
      <button type="button" class="quiet" onClick={improve}>
        Compute it again
      </button>
    </>
  );
}

function Missing() {
  const open = collection.value;
  if (open === null) return null;
  const { embedded, failed, texts } = open;
  if (embedded === failed.size) {
    return (
      <p class="map-fact" role="status">
        {embedded < texts.length
          ? 'The map begins with the first texts that have their vector…'
          : 'No text of these has a vector; Search says why.'}
      </p>
    );
  }
  if (newTexts.value <= 0) return null;
  const count = newTexts.value.toLocaleString('en');
  return (
    <button
      type="button"
      onClick={bringUpToDate}
      disabled={work.value?.step === 'vectors' || work.value?.step === 'pca'}
    >
      Take in {count} more {newTexts.value === 1 ? 'text' : 'texts'}
    </button>
  );
}
