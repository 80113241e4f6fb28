import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ConfigError, readConfig } from '../../src/settings/config.ts';

describe('Several models', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    file = path.join(folder, 'models.yaml');
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (environment: Record<string, string>, lines?: string[]) => {
    if (lines !== undefined) writeFileSync(file, lines.join('\n'));
    return readConfig({ ...environment, ...(lines === undefined ? {} : { MODELS_FILE: file }) }).models;
  };
  const problems = (environment: Record<string, string>, lines?: string[]): string[] => {
    try {
      read(environment, lines);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map((problem) => problem.replace(file, 'FILE'));
      throw error;
    }
    return [];
  };

  it('of MODEL are separated by commas, and share the settings', () => {
    const models = read({ MODEL: 'starter, owner/name@v1', DTYPE: 'int8' });
    assert.deepEqual(
      models.map(({ model, dtype }) => [model, dtype]),
      [
        ['starter', 'int8'],
        ['owner/name@v1', 'int8'],
      ],
    );
  });

  it('are not read from the name of a folder that has a comma', () => {
    const model = path.join(folder, 'a,b');
    mkdirSync(model);
    assert.deepEqual(
      read({ MODEL: model }).map((one) => one.model),
      [model],
    );
  });

  it('of MODELS_FILE have settings of their own before those of all', () => {
    const models = read({ DTYPE: 'fp32', THREADS: '3' }, [
      'models:',
      '  - model: starter',
      '    served_model_name: small',
      '    aliases: [text-embedding-3-small]',
      '    vector_cache_mb: 8',
      '  - model: owner/name',
      '    revision: v1',
      '    dtype: int8',
      '    device: cpu',
      '    device_id: [0]',
      '    matryoshka_dimensions: [64, 128]',
    ]);
    assert.deepEqual(
      models.map(
        ({ model, servedModelName, aliases, vectorCacheMb, revision, dtype, matryoshkaDimensions, threads }) => [
          [model, servedModelName, aliases, vectorCacheMb, revision, dtype, matryoshkaDimensions, threads],
        ],
      ),
      [
        [['starter', 'small', ['text-embedding-3-small'], 8, '', 'fp32', [], 3]],
        [['owner/name', '', [], 0, 'v1', 'int8', [64, 128], 3]],
      ],
    );
  });

  it('of a wrong file are refused with every place that is wrong', () => {
    const found = problems({}, [
      'models:',
      '  - model: starter',
      '    dtpye: fp32',
      '    dtype: fp33',
      '    aliases: one',
      '  - served_model_name: nameless',
      '    threads: -1',
      'modles: []',
    ]);
    for (const [i, part] of [
      /^MODELS_FILE FILE:8: modles is not a setting of a model; expected models\./,
      /^MODELS_FILE FILE:3: dtpye is not a setting of a model; expected model, .*dtype/,
      /^MODELS_FILE FILE:4: dtype is "fp33"; expected one of auto, fp32/,
      /^MODELS_FILE FILE:5: aliases is "one"; expected a comma-separated list/,
      /^MODELS_FILE FILE:7: threads is -1; expected .*at least 0/,
      /^MODELS_FILE FILE:6: model is missing/,
    ].entries()) {
      assert.match(found[i] ?? '', part);
    }
    assert.equal(found.length, 6);
  });

  it('of a file that cannot be read, lists no models or repeats a field are refused', () => {
    assert.match(problems({ MODELS_FILE: path.join(folder, 'none') }).join(), /MODELS_FILE=.*none cannot be read/);
    for (const lines of [[''], ['models: []'], ['- model: starter'], ['models: starter']]) {
      assert.match(
        problems({}, lines).join(),
        /^MODELS_FILE FILE(:1)?: expected a list of models under `models:`/,
        lines[0],
      );
    }
    assert.match(
      problems({}, ['models:', '  - model: starter', '    model: other']).join(),
      /FILE:3: Map keys must be unique/,
    );
    assert.match(problems({}, ['models: [']).join(), /^MODELS_FILE FILE:1: /);
  });

  it('contradict what is of one model, and MODEL contradicts MODELS_FILE', () => {
    const two = { MODEL: 'starter,other' };
    assert.match(
      problems({ ...two, SERVED_MODEL_NAME: 'x' }).join(),
      /SERVED_MODEL_NAME=x applies to one model, but MODEL names 2/,
    );
    assert.match(problems({ ...two, ALIASES: 'x' }).join(), /^ALIASES=x applies to one model/);
    assert.match(problems({ ...two, REVISION: 'v1' }).join('\n'), /^REVISION=v1 applies to one model/);
    assert.match(
      problems({ ...two, MATRYOSHKA_DIMENSIONS: '64' }).join(),
      /^MATRYOSHKA_DIMENSIONS=64 applies to one model/,
    );
    assert.match(problems({ MODEL: 'starter,' }).join(), /MODEL=starter, has an empty name/);
    const lines = ['models:', '  - model: starter'];
    assert.match(
      problems({ ALIASES: 'x' }, lines).join(),
      /ALIASES=x applies to one model, but MODELS_FILE lists models/,
    );
    // Also where it is what is served without it.
    assert.match(problems({ MODEL: 'starter' }, lines).join(), /MODEL and MODELS_FILE both say what to serve/);
  });

  it('contradict themselves by name', () => {
    const lines = [
      'models:',
      '  - model: owner/name@v1',
      '    revision: v2',
      '  - model: starter',
      '    device_id: [1]',
    ];
    const found = problems({}, lines);
    assert.match(found[0] ?? '', /^owner\/name@v1: MODEL=owner\/name@v1 and REVISION=v2 name different revisions/);
    assert.match(found[1] ?? '', /^starter: DEVICE_ID=1 needs DEVICE=cuda/);
  });
});
