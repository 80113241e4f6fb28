import { scaleLinear } from 'd3-scale';
import { colorRamp } from './appearance.ts';
import { coloring, emphasized, theme } from './color-by.ts';
import type { Groups, NumberScale } from './coloring.ts';
import { groupStyle, type PointStyle, plainColors } from './palette.ts';

/** What the colors mean; a group that is pressed stands out. */
export function Legend() {
  const now = coloring.value;
  if (now.kind === 'uncolored') return null;
  return (
    <section class="map-legend" aria-label={`Legend: ${now.title}`}>
      <h3>{now.title}</h3>
      {now.kind === 'groups' ? <GroupList groups={now} /> : <ScaleBar scale={now} />}
    </section>
  );
}

function GroupList({ groups: { groups, rest } }: { groups: Groups }) {
  const none: PointStyle = { color: plainColors[theme.value].none, shape: 'circle' };
  const all = groups.map((group, place) => ({ group, place, style: groupStyle(place, theme.value) }));
  if (rest.count > 0) all.push({ group: rest, place: groups.length, style: none });
  return (
    <ul>
      {all.map(({ group, place, style }) => (
        <li key={place}>
          <button
            type="button"
            class="map-group"
            aria-pressed={emphasized.value === place}
            onClick={() => {
              emphasized.value = emphasized.value === place ? null : place;
            }}
          >
            <Swatch style={style} />
            <span class="name">{group.name}</span>
            <span class="count">{group.count.toLocaleString('en')}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function ScaleBar({ scale: { least, most, values } }: { scale: NumberScale }) {
  const ramp = colorRamp(theme.value);
  const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map(ramp).join(', ');
  const format = scaleLinear().domain([least, most]).tickFormat(4);
  const without = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);
  return (
    <>
      <div class="map-scale" style={{ background: `linear-gradient(to right, ${stops})` }} />
      <p class="map-ends">
        <span>{format(least)}</span>
        <span>{format(most)}</span>
      </p>
      {without > 0 && (
        <p class="map-ends">
          <span>
            <Swatch style={{ color: plainColors[theme.value].none, shape: 'circle' }} /> no value
          </span>
          <span>{without.toLocaleString('en')}</span>
        </p>
      )}
    </>
  );
}

/** A point of the map, beside what it stands for. */
export function Swatch({ style: { color, shape } }: { style: PointStyle }) {
  return (
    <svg class="swatch" viewBox="-8 -8 16 16" aria-hidden="true">
      {shape === 'circle' ? <circle r="6" fill={color} /> : <path d="M0-7.5 7.5 0 0 7.5-7.5 0Z" fill={color} />}
    </svg>
  );
}
