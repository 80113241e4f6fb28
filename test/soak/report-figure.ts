import assert from 'node:assert/strict';
import process from 'node:process';
import { isSoak } from './extent.ts';
import { type FigureName, holds, type Threshold, thresholds } from './thresholds.ts';

/**
 * Says what a test counted or measured. In `npm test` it must hold at once; in a soak run the line is collected by
 * `scripts/run-soak.ts`, which judges it, so that one figure that misses hides none of the others.
 *
 * @param note how it came about, for the table: counts, seeds, other percentiles.
 */
export function reportFigure(name: FigureName, value: number, note = ''): void {
  const threshold: Threshold = thresholds[name];
  const { what, unit, bound, inSuite = bound } = threshold;
  process.stdout.write(`soak: ${JSON.stringify({ name, value: Number.isFinite(value) ? value : null, unit, note })}\n`);
  if (isSoak) return;
  assert.ok(holds(value, inSuite), `${what}: ${value} ${unit}, wanted ${JSON.stringify(inSuite)} (${note})`);
}
