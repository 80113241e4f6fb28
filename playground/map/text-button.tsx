import { chosen, mapped, textOf } from './map-state.ts';

interface Props {
  point: number;
  /** What is said before it: its place, its similarity. */
  facts?: readonly string[];
}

/** A text of the map that is chosen when it is pressed. */
export function TextButton({ point, facts = [] }: Props) {
  const texts = mapped.value;
  if (texts === null) return null;
  return (
    <button
      type="button"
      class="map-neighbor"
      aria-pressed={chosen.value === point}
      onClick={() => {
        chosen.value = point;
      }}
    >
      {facts.map((fact) => (
        <span key={fact} class="score">
          {fact}
        </span>
      ))}
      <span class="name" dir="auto">
        {textOf(texts, point)}
      </span>
    </button>
  );
}
