import type { TargetId } from './targets.ts';

/** One line of the table. */
export interface Row {
  model: string;
  measure: string;
  result: string;
  /** What it is compared with, and how many rounds it is the median of. */
  against: string;
  /** What it says about the targets of `targets.ts`, as bare numbers. */
  targets?: Partial<Record<TargetId, number>>;
}

/** A number as people read it: three significant digits, thousands separated. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function milliseconds(value: number): string {
  return `${figure(value)} ms`;
}

export function mebibytes(bytes: number): string {
  return `${figure(bytes / 2 ** 20)} MiB`;
}
