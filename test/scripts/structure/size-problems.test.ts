import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sizeProblems } from '../../../scripts/structure/size-problems.ts';
import { parseSource } from '../../../scripts/structure/source-file.ts';

const lines = (count: number) => '// A line.\n'.repeat(count);

describe('sizeProblems()', () => {
  it('finds a file of more than 250 lines', () => {
    const files = [parseSource('log/long.ts', lines(251)), parseSource('log/just-right.ts', lines(250))];
    assert.deepEqual(sizeProblems(files, {}), ['log/long.ts has 251 lines, at most 250']);
  });

  const small = parseSource('log/small.ts', lines(29));
  const importer = parseSource('log/importer.ts', "import { small } from './small.ts';\nimport './small.ts';\n");

  it('finds a file of under 30 lines with one importer', () => {
    assert.deepEqual(sizeProblems([small, importer], {}), [
      'log/small.ts has under 30 lines and one importer, log/importer.ts: move it there',
    ]);
  });

  it('finds it where only types are imported', () => {
    const ofTypes = parseSource('log/importer.ts', "export type { Small } from './small.ts';\n");
    assert.equal(sizeProblems([small, ofTypes], {}).length, 1);
  });

  it('accepts a file that is longer, has two importers, or none', () => {
    const second = parseSource('log/second.ts', "import type { Small } from './small.ts';\n");
    assert.deepEqual(sizeProblems([small, importer, second], {}), []);
    assert.deepEqual(sizeProblems([parseSource('log/small.ts', lines(30)), importer], {}), []);
    assert.deepEqual(sizeProblems([small], {}), []);
  });

  it('accepts a named exception, and names one that is no longer needed', () => {
    assert.deepEqual(sizeProblems([small, importer], { 'log/small.ts': 'A contract.' }), []);
    assert.deepEqual(sizeProblems([small], { 'log/small.ts': 'A contract.' }), [
      'log/small.ts needs no exception any more',
    ]);
  });
});
