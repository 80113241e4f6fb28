import { type Bound, type FigureName, holds, type Threshold, thresholds } from '../../test/soak/thresholds.ts';

/** A line `soak: {…}` of a test, see test/soak/README.md. `value` is null where it was no number. */
export interface Figure {
  name: string;
  value: number | null;
  note: string;
}

/** What became of a part. */
export interface PartOutcome {
  name: string;
  exitCode: number | null;
  seconds: number;
  figures: readonly Figure[];
}

/** A row of the table. */
export interface Verdict {
  part: string;
  what: string;
  measured: string;
  wanted: string;
  holds: boolean;
}

const MARK = 'soak: {';

/** The figures in what a part printed; reporters may put something before the line. */
export function readFigures(output: string): Figure[] {
  return output.split('\n').flatMap((line) => {
    const start = line.indexOf(MARK);
    if (start < 0) return [];
    const { name, value, note = '' } = JSON.parse(line.slice(start + MARK.length - 1)) as Figure;
    return [{ name, value, note }];
  });
}

/**
 * Judges a part: each of its figures, each that nobody knows, each that is missing, and its tests as such. A figure that
 * was reported several times counts with every one.
 */
export function judge({ name: part, exitCode, seconds, figures }: PartOutcome): Verdict[] {
  const known = (Object.keys(thresholds) as FigureName[]).filter((name) => thresholds[name].part === part);
  const verdicts = known.flatMap((name) => {
    const found = figures.filter((figure) => figure.name === name);
    return found.length === 0 ? [missing(part, thresholds[name])] : found.map((one) => judgeOne(one, thresholds[name]));
  });
  const strangers = figures.filter((figure) => !known.some((name) => name === figure.name));
  return [
    ...verdicts,
    ...strangers.map(({ name, value }) => ({
      part,
      what: name,
      measured: String(value),
      wanted: 'a row in test/soak/thresholds.ts for this part',
      holds: false,
    })),
    {
      part,
      what: 'its tests',
      measured: `${exitCode === 0 ? 'passed' : `exit code ${exitCode}`} in ${Math.round(seconds)} s`,
      wanted: 'passed',
      holds: exitCode === 0,
    },
  ];
}

function judgeOne({ value, note }: Figure, { part, what, unit, bound }: Threshold): Verdict {
  const measured = `${value === null ? 'no number' : figureText(value)} ${unit}`.trim();
  return {
    part,
    what,
    measured: note === '' ? measured : `${measured} (${note})`,
    wanted: boundText(bound),
    holds: holds(value ?? Number.NaN, bound),
  };
}

function missing(part: string, { what, bound }: Threshold): Verdict {
  return { part, what, measured: 'not reported', wanted: boundText(bound), holds: false };
}

function boundText(bound: Bound): string {
  if (bound === 'not judged') return '';
  return 'atMost' in bound ? `≤ ${bound.atMost}` : `≥ ${bound.atLeast}`;
}

/** Three digits, but never so few that a cosine below its bound looks like 1. */
function figureText(value: number): string {
  return value < 1 && value > 0.99 ? value.toFixed(9) : String(Number(value.toPrecision(3)));
}
