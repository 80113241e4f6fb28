import { coloring } from '../coloring/color-by.ts';
import { mapped, textOf } from '../map-state.ts';

/** Longer texts are cut; the whole one is beside the map once it is chosen. */
const LENGTH = 240;

interface Props {
  point: number;
  /** Where the point is, in CSS pixels. */
  place: readonly [number, number];
  /** Whether there is more room above it. */
  isAbove: boolean;
}

/** The text of a point, beside it; it is also said, to those who do not see it. */
export function PointLabel({ point, place: [x, y], isAbove }: Props) {
  const texts = mapped.value;
  if (texts === null || point >= texts.rows.length) return null;
  const text = textOf(texts, point);
  const now = coloring.value;
  const group = now.kind === 'groups' ? (now.groups[now.groupOf[point] as number] ?? now.rest).name : null;
  const value = now.kind === 'scale' ? now.values[point] : null;
  return (
    <div class={isAbove ? 'map-label above' : 'map-label'} style={{ '--x': `${x}px`, '--y': `${y}px` }}>
      <p dir="auto">{text.length <= LENGTH ? text : `${text.slice(0, LENGTH - 1)}…`}</p>
      {now.kind !== 'uncolored' && (
        <p class="map-fact">
          {now.title}: {group ?? (value === undefined || Number.isNaN(value) ? 'no value' : value)}
        </p>
      )}
    </div>
  );
}
