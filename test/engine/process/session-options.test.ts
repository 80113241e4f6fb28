import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { resolveModel } from '../../../src/model-files/resolve-model.ts';

const settings = { device: 'cpu', deviceId: 0, threads: 0, prepacking: true } as const;

function spinOf(operationsPerToken: number | undefined): unknown {
  const { extra } = sessionOptions(settings, operationsPerToken === undefined ? {} : { operationsPerToken });
  return (extra as { session: { intra_op: { spin_duration_us: string } } }).session.intra_op.spin_duration_us;
}

describe('sessionOptions()', () => {
  it('lets threads of a large model wait awake for longer', async () => {
    const starter = await describeModel(resolveModel('starter'));
    assert.equal(spinOf(undefined), '20');
    assert.equal(spinOf(starter.cost.perRow), '20');
    // The 0.6B: 2 operations for each of 440,401,920 weights.
    assert.equal(spinOf(880_803_840), '200');
  });
});
