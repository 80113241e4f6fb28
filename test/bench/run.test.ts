import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { runBench } from './run-bench.ts';

describe('npm run bench', () => {
  it('measures a section with --quick, prints its table and leaves RESULTS.md alone', () => {
    const results = path.join(packageRoot, 'bench', 'RESULTS.md');
    const before = readFileSync(results, 'utf8');
    const { status, stdout, stderr } = runBench('--quick', '--only', 'wire');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\| starter \| float writer, /);
    assert.doesNotMatch(stdout, /NaN|undefined|Infinity/);
    assert.equal(readFileSync(results, 'utf8'), before);
  });

  it('names the sections when asked for one that is not there', () => {
    const { status, stderr } = runBench('--only', 'nonsense');
    assert.equal(status, 2);
    assert.match(stderr, /no section nonsense.*engine.*peers/);
  });
});
