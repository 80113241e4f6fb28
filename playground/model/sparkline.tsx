const WIDTH = 240;
const HEIGHT = 48;

interface Props {
  /** Oldest first. */
  values: readonly number[];
  /** How many there are room for. */
  room: number;
  label: string;
}

/** A line of the last values, the newest at the right. */
export function Sparkline({ values, room, label }: Props) {
  const most = Math.max(...values, 1e-9);
  const at = (value: number, place: number) => {
    const x = WIDTH - ((values.length - 1 - place) * WIDTH) / Math.max(1, room - 1);
    return `${x.toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 4)).toFixed(1)}`;
  };
  const points = values.map(at);
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <line class="base" x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
      {points.length > 1 && (
        <>
          <polygon points={`${points.join(' ')} ${WIDTH},${HEIGHT - 1} ${points[0]?.split(',')[0]},${HEIGHT - 1}`} />
          <polyline points={points.join(' ')} />
        </>
      )}
    </svg>
  );
}
