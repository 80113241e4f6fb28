import { hits } from './hits.ts';
import { TextButton } from './text-button.tsx';

/** What Search found, with the numbers that the map has beside the points. */
export function HitList() {
  const now = hits.value;
  if (now === null) return null;
  return (
    <section class="map-hits" aria-label="What was searched for">
      <div class="head">
        <h3>Nearest to “{now.query}”</h3>
        <a href="#search">Search</a>
      </div>
      <ol>
        {now.hits.map(({ point, rank, similarity }) => (
          <li key={point}>
            <TextButton point={point} facts={[String(rank), similarity.toFixed(3)]} />
          </li>
        ))}
      </ol>
    </section>
  );
}
