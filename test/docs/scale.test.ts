import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';

const text = readFileSync(path.join(packageRoot, 'docs', 'scale.md'), 'utf8');
const numberOf = (cell = '') => Number(cell.replace(/[,$]/g, ''));

describe('docs/scale.md', () => {
  it('has hours and costs that follow from its tokens a second and its assumptions', () => {
    assert.match(text, /\*\*Assumptions\*\*: 200 tokens a text .*, \$0\.04 a core and hour, \$3\.50 for an H200/);
    const rows = [...text.matchAll(/^\| (.+) \| ([\d,]+) \| ([\d.,]+) \| ([\d.,]+) \| ([\d.,]+) \| (\$\d+) \|$/gm)];
    assert.equal(rows.length, 7);
    for (const [, model = '', rate, ...cells] of rows) {
      const hours = [1e6, 1e8, 1e10].map((texts) => (200 * texts) / numberOf(rate) / 3_600);
      const cost = (hours[1] as number) * (model.includes('H200') ? 3.5 : 0.04);
      for (const [i, wanted] of [...hours, cost].entries()) {
        assert.ok(Math.abs(numberOf(cells[i]) / wanted - 1) < 0.03, `${model}: ${cells[i]} is ${wanted}`);
      }
    }
  });
});
