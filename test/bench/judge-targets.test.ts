import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeTargets } from '../../bench/judge-targets.ts';
import type { Row } from '../../bench/report.ts';
import { TARGETS, type Target, type TargetId } from '../../bench/targets.ts';
import { TASK_NAMES, type TaskName } from '../../src/model-files/manifest.ts';

const row = (model: string, targets: Row['targets'] = {}): Row => ({
  model,
  measure: '',
  result: '',
  against: '',
  targets,
});

/** Model, measured and verdict of the lines of a target. */
function linesOf(id: TargetId, rows: Row[], task: TaskName = 'embed'): string[][] {
  return judgeTargets(rows, task)
    .filter(([what]) => what === TARGETS[id].what)
    .map((line) => line.slice(2));
}

describe('judgeTargets', () => {
  it('has a line for every target of the task, also for one that was not measured', () => {
    for (const task of TASK_NAMES) {
      const targets = (Object.values(TARGETS) as Target[]).filter(({ tasks = ['embed'] }) => tasks.includes(task));
      assert.equal(judgeTargets([], task).length, 1 + targets.length);
    }
    assert.deepEqual(linesOf('gpuMfu', []), [['', 'not in this run', '']]);
  });

  it('says met or missed, and by how much', () => {
    assert.deepEqual(linesOf('packedSpeedup', [row('m', { packedSpeedup: 2.53 })]), [['m', '2.53×', 'met by 10 %']]);
    assert.deepEqual(linesOf('packedSpeedup', [row('m', { packedSpeedup: 1.15 })]), [
      ['m', '1.15×', '**missed** by 50 %'],
    ]);
    assert.deepEqual(linesOf('addedLatency', [row('m', { addedLatency: 6 })]), [['m', '6 ms', '**missed** by 100 %']]);
    assert.deepEqual(linesOf('sharingDifference', [row('m', { sharingDifference: 0 })]), [['m', '0', 'met']]);
    assert.deepEqual(linesOf('sharingDifference', [row('m', { sharingDifference: 2e-7 })]), [
      ['m', '2.0e-7', '**missed** by 2.0e-7'],
    ]);
  });

  it('counts the worst of several, and a figure that is not a number as missed', () => {
    const rows = [2.4, 2.07, 2.5].map((packedSpeedup) => row('m', { packedSpeedup }));
    assert.deepEqual(linesOf('packedSpeedup', rows), [['m', '2.07×', '**missed** by 10 %']]);
    const times = [1, 9, 2].map((addedLatency) => row('m', { addedLatency }));
    assert.deepEqual(linesOf('addedLatency', times), [['m', '9 ms', '**missed** by 200 %']]);
    assert.match(linesOf('addedLatency', [row('m', { addedLatency: Number.NaN })])[0]?.[2] ?? '', /missed/);
  });

  it('judges each model separately, and a target only for the models it concerns', () => {
    const rows = [
      row('starter', { addedLatency: 1, coldStart: 1 }),
      row('random-0.6b', { addedLatency: 2, coldStart: 9 }),
    ];
    assert.deepEqual(
      linesOf('addedLatency', rows).map(([model]) => model),
      ['starter', 'random-0.6b'],
    );
    assert.deepEqual(
      linesOf('coldStart', rows).map(([model]) => model),
      ['starter'],
    );
    const rerankers = [row('starter-reranker', { rerankRows: 0.9 }), row('random-reranker', { rerankRows: 0.7 })];
    assert.deepEqual(linesOf('rerankRows', rerankers, 'rerank'), [['random-reranker', '0.7×', 'met by 6.67 %']]);
    assert.deepEqual(linesOf('rerankRows', rerankers), []);
  });
});
