import type { TaskName } from '../src/model-files/manifest.ts';
import { STARTERS } from '../src/model-files/resolve-model.ts';
import { figure, type Row } from './report.ts';
import { TARGETS, type Target, type TargetId } from './targets.ts';

/** The lines of the targets table of a task: target, model, measured, verdict. The first line is the header. */
export function judgeTargets(rows: readonly Row[], task: TaskName): string[][] {
  const lines = [['target', 'wanted', 'model', 'measured in this run', 'verdict']];
  for (const [id, target] of Object.entries(TARGETS) as [TargetId, Target][]) {
    if (!(target.tasks ?? ['embed']).includes(task)) continue;
    const what = [target.what, wanted(target)];
    const worst = worstByModel(rows, id, target);
    if (worst.size === 0) lines.push([...what, target.model === 'any' ? '' : target.model, 'not in this run', '']);
    for (const [model, value] of worst) lines.push([...what, model, withUnit(value, target), verdict(value, target)]);
  }
  return lines;
}

function worstByModel(rows: readonly Row[], id: TargetId, { bound, model }: Target): Map<string, number> {
  const worse = 'atLeast' in bound ? Math.min : Math.max;
  const isAbout = (name: string) =>
    model === 'any' || (STARTERS.some((one) => one === name) ? 'starter' : 'full') === model;
  const worst = new Map<string, number>();
  for (const row of rows) {
    const value = row.targets?.[id];
    if (value === undefined || !isAbout(row.model)) continue;
    worst.set(row.model, worse(worst.get(row.model) ?? value, value));
  }
  return worst;
}

function wanted({ bound, unit }: Target): string {
  return 'atLeast' in bound ? `≥ ${amount(bound.atLeast, unit)}` : `≤ ${amount(bound.atMost, unit)}`;
}

function withUnit(value: number, { unit }: Target): string {
  return amount(value, unit);
}

function amount(value: number, unit: string): string {
  const text = Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : figure(value);
  return unit === '×' ? `${text}×` : `${text} ${unit}`.trim();
}

/** Met or missed, and by how much: in percent of what is wanted. A NaN is a miss. */
function verdict(value: number, { bound, unit }: Target): string {
  const [limit, isMet] =
    'atLeast' in bound ? [bound.atLeast, value >= bound.atLeast] : [bound.atMost, value <= bound.atMost];
  const word = isMet ? 'met' : '**missed**';
  if (value === limit) return word;
  const by = limit === 0 ? amount(Math.abs(value), unit) : `${figure((100 * Math.abs(value - limit)) / limit)} %`;
  return `${word} by ${by}`;
}
