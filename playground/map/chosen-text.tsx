import { hits } from './hits.ts';
import { chosen, mapped, textOf } from './map-state.ts';
import { neighbors } from './neighbors.ts';
import { TextButton } from './text-button.tsx';

/** The text that was clicked and those nearest to it in all dimensions, whatever the map makes of them. */
export function ChosenText() {
  const texts = mapped.value;
  const point = chosen.value;
  if (texts === null || point === null) {
    return (
      <p class="map-hint">
        Click a point, or focus the map and press Enter, to see its nearest neighbors.
        {hits.value === null && (
          <>
            {' '}
            <a href="#search">Search these texts</a>, and the nearest have their number here.
          </>
        )}
      </p>
    );
  }
  const row = texts.rows[point] as number;
  return (
    <section class="map-chosen" aria-label="The chosen text">
      <div class="head">
        <h3>Text {(row + 1).toLocaleString('en')}</h3>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            chosen.value = null;
          }}
        >
          Close
        </button>
      </div>
      <p class="text" dir="auto">
        {textOf(texts, point)}
      </p>
      <dl>
        {Object.entries(texts.of.columns).map(([name, cells]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{cells[row]}</dd>
          </div>
        ))}
      </dl>
      <h4 id="map-neighbors">Nearest by cosine, in {texts.of.dimensions} dimensions</h4>
      <ol aria-labelledby="map-neighbors">
        {(neighbors.value ?? []).map((neighbor) => (
          <li key={neighbor.point}>
            <TextButton point={neighbor.point} facts={[neighbor.similarity.toFixed(3)]} />
          </li>
        ))}
      </ol>
    </section>
  );
}
