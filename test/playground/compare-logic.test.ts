import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bestColumns, disagreements, rankIn } from '../../playground/compare/best-matches.ts';
import { dimensionSteps, nearestStep } from '../../playground/compare/dimension-steps.ts';
import { formatScore, formatTick } from '../../playground/compare/format-score.ts';
import { cellAt, cellByKey, layoutHeatmap } from '../../playground/compare/heatmap-layout.ts';
import { inkOn, luminanceOf } from '../../playground/compare/ink.ts';
import { lineOfParam, readLines } from '../../playground/compare/text-lines.ts';
import { promptKinds } from '../../playground/fields/prompt-kinds.ts';

describe('readLines()', () => {
  it('takes a text from each line that has one, and remembers its number', () => {
    const read = readLines('one\r\n\n \ttwo \rthree\n\u00a0\nfour', 3);
    assert.deepEqual(read, { texts: ['one', ' \ttwo ', 'three'], lineNumbers: [1, 3, 4], leftOut: 1 });
    assert.equal(lineOfParam('queries[1]', read), 3);
    assert.deepEqual(
      [lineOfParam('queries', read), lineOfParam(null, read), lineOfParam('queries[9]', read)],
      [null, null, null],
    );
  });
});

describe('best matches', () => {
  it('are the largest scores, of equal ones the first, of rows that have any', () => {
    assert.deepEqual(
      bestColumns([
        [1, 3, 3],
        [-3, -1, -2],
        [null, null, null],
        [null, 0, null],
      ]),
      [1, 1, -1, 1],
    );
    assert.deepEqual(disagreements([0, 1, -1, 2], [0, 2, 1, -1]), [1]);
    assert.deepEqual(
      [0, 1, 2, 3].map((column) => rankIn([0.5, 0.9, 0.5, null], column)),
      [2, 1, 3, 4],
    );
  });
});

describe('formatScore()', () => {
  it('needs few characters, whatever the size', () => {
    const shown = [0.624380767, -0.017, 0, 1, -12.34, 123.4, -12_345, 0.0000409745662, -2e-9].map(formatScore);
    assert.deepEqual(shown, ['0.624', '−0.017', '0.000', '1.000', '−12.3', '123', '−1.2e4', '4.1e−5', '−2.0e−9']);
  });
});

describe('formatTick()', () => {
  it('tells each tick of a scale from its neighbors', () => {
    const shown = (ticks: number[], least: number, most: number) =>
      ticks.map((tick) => formatTick(tick, [least, most], 4));
    assert.deepEqual(shown([-0.2, 0, 0.2], -0.35, 0.62), ['−0.2', '0', '0.2']);
    assert.deepEqual(shown([0.0005, 0.001, 0.0015, 0.002], 0.0002, 0.0021), ['0.0005', '0.0010', '0.0015', '0.0020']);
    assert.deepEqual(shown([0.8475, 0.848, 0.8485], 0.8471, 0.8486), ['0.8475', '0.8480', '0.8485']);
    assert.deepEqual(shown([5e-5, 1e-4, 1.5e-4], 2e-5, 1.7e-4), ['5e−5', '1.0e−4', '1.5e−4']);
    assert.deepEqual(shown([1.61e-4, 1.615e-4], 1.605e-4, 1.631e-4), ['1.610e−4', '1.615e−4']);
    assert.deepEqual(shown([-60, -40, -20], -75, -8), ['−60', '−40', '−20']);
  });
});

describe('dimensionSteps()', () => {
  it('are the sizes that the model names, or steps of eight, and its own', () => {
    const model = { dimensions: 60, min_dimensions: 32, is_matryoshka: true };
    assert.deepEqual(dimensionSteps({ ...model, matryoshka_dimensions: [16, 32, 48, 60] }), [32, 48, 60]);
    assert.deepEqual(dimensionSteps({ ...model, matryoshka_dimensions: null }), [32, 40, 48, 56, 60]);
    assert.deepEqual(dimensionSteps({ dimensions: 384, min_dimensions: 384, is_matryoshka: false }), [384]);
    assert.equal(nearestStep([32, 48, 60], 50), 1);
  });
});

describe('layoutHeatmap()', () => {
  it('finds each cell where it is drawn', () => {
    for (const [rows, columns, width] of [
      [1, 1, 300],
      [5, 6, 760],
      [50, 50, 900],
      [50, 50, 320],
    ] as const) {
      const layout = layoutHeatmap(rows, columns, width);
      for (const [row, column] of [
        [0, 0],
        [rows - 1, columns - 1],
      ] as const) {
        const x = layout.left + (column + 0.5) * layout.cellWidth;
        const y = layout.top + (row + 0.5) * layout.cellHeight;
        assert.deepEqual(cellAt(x, y, { rows, columns, layout }), { row, column });
      }
      assert.equal(cellAt(layout.left - 1, layout.top + 1, { rows, columns, layout }), null);
      assert.equal(cellAt(layout.left + columns * layout.cellWidth, layout.top, { rows, columns, layout }), null);
    }
  });

  it('has values where there are few columns, and room for all where there are many', () => {
    assert.equal(layoutHeatmap(5, 6, 320).hasValues, true);
    const many = layoutHeatmap(50, 50, 1200);
    assert.equal(many.hasValues, false);
    assert.ok(many.left + 50 * many.cellWidth + many.right <= 1200);
  });
});

describe('cellByKey()', () => {
  it('goes a step, to the ends of a row, and never out', () => {
    const size = { rows: 2, columns: 3 };
    const from = { row: 0, column: 1 };
    const keys = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'Tab', 'a'];
    assert.deepEqual(
      keys.map((key) => cellByKey(key, from, size)),
      [
        { row: 0, column: 1 },
        { row: 1, column: 1 },
        { row: 0, column: 0 },
        { row: 0, column: 2 },
        { row: 0, column: 0 },
        { row: 0, column: 2 },
        null,
        null,
      ],
    );
  });
});

describe('inkOn()', () => {
  it('has a contrast of 4.5 on any color', () => {
    for (let red = 0; red < 256; red += 15) {
      for (let green = 0; green < 256; green += 15) {
        for (let blue = 0; blue < 256; blue += 15) {
          const color = `rgb(${red}, ${green}, ${blue})`;
          const [ground, ink] = [luminanceOf(color), luminanceOf(inkOn(color) === '#000' ? '#000000' : '#ffffff')];
          assert.ok((Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05) >= 4.5, color);
        }
      }
    }
    assert.equal(luminanceOf('#ffffff'), luminanceOf('rgb(255,255,255)'));
    assert.throws(() => inkOn('red'), /not a color/);
  });
});

describe('promptKinds()', () => {
  it('begins with what the API chooses by itself', () => {
    assert.deepEqual(promptKinds('queries', { query: 'q', document: '' }), ['query', 'document']);
    assert.deepEqual(promptKinds('documents', { query: 'q', document: '' }), ['document', 'query']);
    assert.deepEqual(promptKinds('queries', {}), ['default', 'document']);
    assert.deepEqual(promptKinds('documents', { query: 'q' }), ['default', 'query', 'document']);
  });
});
