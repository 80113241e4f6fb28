import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WorkPhase } from '../../../src/tasks/embedding/embedder.ts';
import { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import { buildBatcher } from '../../support/build-batcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { modelFacts } from '../../support/model-facts.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { unreadable } from '../../support/unreadable.ts';

const model = modelFacts({ rowSize: 8 });

let engine: ScriptedEngine;
let embedder: PipelineEmbedder;

function embed(tokenIds: number[]): { phases: WorkPhase[]; done: Promise<unknown> } {
  const own: WorkPhase[] = [];
  const done = embedder.embed([{ content: tokenIds, name: 'input', role: null, instruction: null }], {
    dimensions: null,
    normalize: null,
    truncate: 'error',
    timeLimit: 1_000,
    onPhase: (phase) => own.push(phase),
  });
  return { phases: own, done };
}

describe('EmbedOptions.onPhase', () => {
  beforeEach(() => {
    const clock = new FakeClock();
    engine = new ScriptedEngine(8);
    const batcher = buildBatcher({
      engine,
      clock,
      hiddenSize: 8,
      batchTokens: 10,
      maxQueueTokens: 1_000,
    });
    const tokenizer = { ...unreadable, special: { before: 0, after: 1 }, tokenize: async () => [] };
    embedder = new PipelineEmbedder({ model, tokenizer, batcher, cache: null, clock });
  });

  it('is told of each phase once, as it begins', async () => {
    const first = embed([1]);
    await nextTurn();
    assert.deepEqual(first.phases, ['tokenize', 'queue', 'infer']);
    engine.answer();
    await first.done;
    assert.deepEqual(first.phases, ['tokenize', 'queue', 'infer', 'encode']);
  });

  it('stays in queue while the engine is busy with others', async () => {
    const first = embed([1]);
    await nextTurn();
    const second = embed([2]);
    await nextTurn();
    assert.deepEqual(second.phases, ['tokenize', 'queue']);
    engine.answer();
    await first.done;
    await nextTurn();
    assert.deepEqual(second.phases, ['tokenize', 'queue', 'infer']);
    engine.answer();
    await second.done;
  });

  it('is in infer at once where a batch has all its inputs already', async () => {
    const first = embed([1]);
    await nextTurn();
    const same = embed([1]);
    await nextTurn();
    assert.equal(engine.batchesSent, 1);
    assert.deepEqual(same.phases, ['tokenize', 'queue', 'infer']);
    engine.answer();
    await Promise.all([first.done, same.done]);
  });

  it('has said how far a request came that failed', async () => {
    const failed = embed([1]);
    await nextTurn();
    engine.fail(new Error('scripted'));
    await assert.rejects(failed.done);
    assert.deepEqual(failed.phases, ['tokenize', 'queue', 'infer']);
  });
});
