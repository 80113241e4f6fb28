import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Figure, judge, readFigures } from '../../../scripts/soak/judge-figures.ts';
import { PARTS } from '../../../scripts/soak/parts.ts';
import { reportFigure } from '../../soak/report-figure.ts';
import { holds, thresholds } from '../../soak/thresholds.ts';

function judged(exitCode: number | null, ...figures: Figure[]): [string, string, boolean][] {
  const verdicts = judge({ name: 'flood', exitCode, seconds: 2.4, figures });
  return verdicts.map(({ what, measured, holds }) => [what, measured, holds]);
}

const { what } = thresholds.small_p99_under_flood;
const figure = (value: number | null): Figure => ({ name: 'small_p99_under_flood', value, note: 'seed 1' });
const passed: [string, string, boolean] = ['its tests', 'passed in 2 s', true];

describe('The verdicts of a soak run', () => {
  it('hold up to the threshold and miss beyond it', () => {
    assert.deepEqual(judged(0, figure(2.5)), [[what, '2.5 batch times (seed 1)', true], passed]);
    assert.deepEqual(judged(0, figure(2.51)), [[what, '2.51 batch times (seed 1)', false], passed]);
    assert.equal(holds(0.9999989, thresholds.cosine_to_alone.bound), false);
  });

  it('fail for a value that is not a number, one that was not reported, and an unknown one', () => {
    assert.deepEqual(judged(0, figure(null))[0], [what, 'no number batch times (seed 1)', false]);
    assert.deepEqual(judged(0), [[what, 'not reported', false], passed]);
    const stranger = { name: 'lost_vectors', value: 0, note: '' };
    assert.deepEqual(judged(0, figure(1), stranger)[1], ['lost_vectors', '0', false]);
  });

  it('judge every report of a figure, and the tests themselves', () => {
    const verdicts = judged(1, figure(1), figure(9));
    assert.deepEqual(
      verdicts.map(([, , isHeld]) => isHeld),
      [true, false, false],
    );
    assert.equal(verdicts[2]?.[1], 'exit code 1 in 2 s');
  });
});

describe('readFigures()', () => {
  it('finds the lines of tests among everything else that is printed', () => {
    const output =
      '▶ a test\n# soak: {"name":"a","value":0.5,"unit":"s","note":"x"}\nsoak: on\nsoak: {"name":"b","value":null}\n';
    assert.deepEqual(readFigures(output), [
      { name: 'a', value: 0.5, note: 'x' },
      { name: 'b', value: null, note: '' },
    ]);
  });
});

describe('reportFigure()', () => {
  it('fails the test of npm test whose figure misses, and is no judge of durations there', () => {
    assert.throws(() => reportFigure('lost_vectors', 1), /vectors that were asked for and not given: 1/);
    assert.throws(() => reportFigure('lost_vectors', Number.NaN));
    reportFigure('sigterm_seconds', 1_000);
  });
});

describe('The parts of a soak run', () => {
  it('are those that thresholds.ts names', () => {
    const names = PARTS.map(({ name }) => name);
    for (const { part } of Object.values(thresholds)) assert.ok(names.includes(part), part);
    assert.equal(new Set(names).size, names.length);
  });
});
