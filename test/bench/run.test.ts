import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runBench } from './run-bench.ts';

describe('npm run bench', () => {
  it('refuses models that are for another task', () => {
    const wrong = [
      ['--model', 'starter-reranker'],
      ['--task', 'rerank', '--model', 'starter'],
    ];
    for (const args of wrong) {
      const { status, stderr } = runBench('--quick', '--only', 'gemm', ...args);
      assert.notEqual(status, 0);
      assert.match(stderr, /TASK=\w+, but the files of starter(-reranker)? say/);
    }
  });

  it('names the sections when asked for one that does not exist', () => {
    const { status, stderr } = runBench('--only', 'nonsense');
    assert.equal(status, 2);
    assert.match(stderr, /no section nonsense.*engine.*peers/);
    const reranking = runBench('--task', 'rerank', '--only', 'peers');
    assert.equal(reranking.status, 2);
    assert.match(reranking.stderr, /no section peers.*rerank/);
    assert.match(runBench('--task', 'sing').stderr, /--task is embed or rerank, not sing/);
  });
});
