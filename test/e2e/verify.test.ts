import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spawnCli } from '../support/spawned-cli.ts';

// A folder of which nothing is known, and one that is wrong: verify.long.test.ts.
describe('hotvec verify', () => {
  const verify = async (...args: string[]) => {
    const cli = spawnCli(['verify', ...args], { LOG_LEVEL: 'warn' });
    return { code: await cli.exit, output: cli.output() };
  };

  it('prints a table of what is known of the model, and how its vectors compare', async () => {
    const { code, output } = await verify();
    assert.equal(code, 0, output);
    assert.match(output, /^starter, safetensors in fp32 on cpu, fingerprint [0-9a-f]{16}\n/);
    assert.match(output, /Against transformers AutoModel, float32, weights upcast from bf16:/);
    assert.match(output, / {2}ok {5}".*" × ".*" +0\.6244 ± 0\.00001 +0\.6244\n/);
    assert.match(output, /\nAll 8 checks passed\.\n$/);
  });

  it('lists its settings, and refuses wrong ones', async () => {
    assert.match((await verify('--help')).output, /Usage: hotvec verify \[MODEL\] \[flags\]/);
    assert.equal((await verify('--what')).code, 78);
  });
});
