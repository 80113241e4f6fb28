import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { MUTANTS, type Mutant } from '../../../scripts/mutation/mutants.ts';
import { placeOf } from '../../../scripts/mutation/place-of.ts';
import { packageRoot } from '../../../src/package-info.ts';

describe('The mutants', () => {
  it('have each a place in the code as it is', () => {
    assert.equal(MUTANTS.length, 12);
    for (const mutant of MUTANTS) {
      const { text, mutated } = placeOf(mutant, path.join(packageRoot, 'dist'));
      assert.notEqual(mutated, text, mutant.name);
    }
  });
});

describe('placeOf()', () => {
  const mutant: Mutant = { name: 'a', bug: '', room: 'room', find: 'x + 1', replace: '$&', tests: [] };

  function placeIn(code: string, find: Mutant['find']): string {
    const dist = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    try {
      mkdirSync(path.join(dist, 'src', 'room'), { recursive: true });
      writeFileSync(path.join(dist, 'src', 'room', 'one.js'), code);
      return placeOf({ ...mutant, find }, dist).mutated;
    } finally {
      rmSync(dist, { recursive: true });
    }
  }

  it('puts in the bug as it is written', () => {
    assert.equal(placeIn('f(x + 1)', 'x + 1'), 'f($&)');
    assert.equal(placeIn('x + 1; x + 1', /x \+ 1/g), '$&; $&');
  });

  it('refuses a place that is gone, and one that is not the only one', () => {
    assert.throws(() => placeIn('f(x + 2)', 'x + 1'), /not found in room\/ any more/);
    assert.throws(() => placeIn('x + 1; x + 1', 'x + 1'), /not the only one/);
  });
});
