import { useState } from 'preact/hooks';
import { openExample } from '../collection/open-example.ts';

/** What there is to see before there are texts, and how to get there. */
export function EmptyMap() {
  const [isOpening, setOpening] = useState(false);
  const [problem, setProblem] = useState('');
  const open = async () => {
    setOpening(true);
    setProblem('');
    try {
      await openExample();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setOpening(false);
    }
  };
  return (
    <div class="map-empty">
      <svg viewBox="0 0 120 60" aria-hidden="true">
        {CLOUDS.map(([x, y, group]) => (
          <circle key={`${x} ${y}`} cx={x} cy={y} r="2.6" class={`group-${group}`} />
        ))}
      </svg>
      <h3>No texts are open</h3>
      <p>Every text becomes a point, and texts that say similar things come to lie together.</p>
      <div class="buttons">
        <button type="button" onClick={open} disabled={isOpening}>
          {isOpening ? 'Opening…' : 'Map sixty sentences'}
        </button>
        <a href="#search">Open your own texts in Search</a>
      </div>
      <p class="error" role="alert" hidden={problem === ''}>
        {problem}
      </p>
    </div>
  );
}

/** A map as it might be: x, y and group. */
const CLOUDS: readonly (readonly [number, number, number])[] = [
  [20, 20, 0],
  [27, 15, 0],
  [31, 23, 0],
  [24, 28, 0],
  [35, 17, 0],
  [16, 28, 0],
  [58, 42, 1],
  [66, 38, 1],
  [62, 49, 1],
  [72, 46, 1],
  [52, 48, 1],
  [67, 53, 1],
  [92, 16, 2],
  [99, 22, 2],
  [88, 24, 2],
  [103, 14, 2],
  [96, 10, 2],
  [106, 24, 2],
];
