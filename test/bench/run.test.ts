import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runBench } from './run-bench.ts';

describe('npm run bench', () => {
  it('names the sections when asked for one that does not exist', () => {
    const { status, stderr } = runBench('--only', 'nonsense');
    assert.equal(status, 2);
    assert.match(stderr, /no section nonsense.*engine.*peers/);
  });
});
