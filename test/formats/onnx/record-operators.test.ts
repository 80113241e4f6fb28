import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { toBatch } from '../../../src/engine/protocol.ts';
import { planInputs } from '../../../src/formats/onnx/graph-inputs.ts';
import { recordOperators } from '../../../src/formats/onnx/record-operators.ts';
import { padded, paddedManifest } from '../../support/padded-fixtures.ts';

const { TMPDIR } = process.env;
const isWindows = process.platform === 'win32';

describe('recordOperators', { skip: isWindows && 'moves the temporary folder by TMPDIR' }, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync('/tmp/hotvec-');
    process.env.TMPDIR = folder;
  });
  afterEach(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  });

  /** ONNX Runtime itself puts other files there. */
  function profiles(): string[] {
    return readdirSync(folder).filter((name) => name.startsWith('hotvec-'));
  }

  async function graphFile(): Promise<string> {
    return padded(await paddedManifest('bert-mean')).exports.fp32?.graphFile as string;
  }

  async function run(session: InferenceSession): Promise<InferenceSession> {
    const layout = { batchSize: 1, longest: 2, lengths: Int32Array.of(2) };
    await session.run(planInputs(session.inputMetadata, 0)(toBatch([[1, 2]]), layout));
    return session;
  }

  it('tells which operators ran and where, and leaves no file; the session goes on without profile', async () => {
    const file = await graphFile();
    const { operators, result } = await recordOperators(
      (profiling) => InferenceSession.create(file, { executionProviders: ['cpu'], ...profiling }),
      run,
    );
    const product = operators.find(({ operator }) => operator === 'MatMul');
    assert.equal(product?.provider, 'CPUExecutionProvider');
    assert.deepEqual(product?.inputs[0], { type: 'float', dimensions: [1, 2, 32] });
    assert.equal(product?.activationBytes, 1 * 2 * 32 * 4);
    await run(result);
    assert.deepEqual(profiles(), []);
  });

  it('leaves no file when the graph cannot be loaded or run', async () => {
    const file = await graphFile();
    const load = (profiling: object) => InferenceSession.create(file, { executionProviders: ['cpu'], ...profiling });
    await assert.rejects(
      recordOperators(load, () => Promise.reject(new Error('no kernel'))),
      /no kernel/,
    );
    await assert.rejects(
      recordOperators(() => Promise.reject(new Error('no graph')), run),
      /no graph/,
    );
    assert.deepEqual(profiles(), []);
  });

  it('refuses a profile without operators: where it computes would not be known', async () => {
    const file = await graphFile();
    await assert.rejects(
      recordOperators(
        (profiling) => InferenceSession.create(file, profiling),
        async () => {},
      ),
      { name: 'StartError', message: /cannot be read from its profile.*it names no operator/ },
    );
    // Profiling is off: there is no file at all.
    await assert.rejects(
      recordOperators(() => InferenceSession.create(file), run),
      {
        name: 'StartError',
        message: /cannot be read from its profile.*Is the disk full\? DEVICE=cpu needs no profile/,
      },
    );
  });

  it('says what to do when there is no folder for temporary files', async () => {
    process.env.TMPDIR = path.join(folder, 'missing');
    await assert.rejects(
      recordOperators(() => Promise.reject(new Error('not reached')), run),
      { name: 'StartError', message: /cannot be written: ENOENT.*Set TMPDIR to a writable folder/ },
    );
  });
});
