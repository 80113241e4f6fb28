import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { fixtures } from '../../support/starter.ts';

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 17000000\n`;
const starter = path.join(packageRoot, 'models', 'starter');
const variants = path.join(fixtures, 'qwen3-variants');

describe('describeModel() of a clone without Git LFS', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const [source, file] of [
    [starter, 'model.safetensors'],
    [starter, 'tokenizer.json'],
    [starter, 'tokenizer_config.json'],
    [starter, 'config.json'],
    [starter, 'modules.json'],
    [starter, '1_Pooling/config.json'],
    [path.join(variants, 'sharded-f32'), 'model-00002-of-00003.safetensors'],
    [path.join(variants, 'sharded-f32'), 'model.safetensors.index.json'],
    [path.join(paddedFixtures, 'bert-mean'), 'onnx/model.onnx'],
    [path.join(paddedFixtures, 'bert-mean'), 'onnx/model_quantized.onnx'],
    [path.join(paddedFixtures, 'bert-cls-dense'), '2_Dense/model.safetensors'],
    [path.join(paddedFixtures, 'qwen3-decoder'), 'onnx/model.onnx_data'],
  ] as const) {
    it(`says that ${path.basename(source)}/${file} is a pointer, and how to get the file`, async () => {
      cpSync(source, folder, { recursive: true });
      const pointer = path.join(folder, file);
      assert.ok(existsSync(pointer));
      writeFileSync(pointer, POINTER);
      const name = path.basename(file);
      await assert.rejects(describeModel({ name: 'clone', folder }), ({ name: kind, message }: Error) => {
        assert.equal(kind, 'StartError');
        assert.match(
          message,
          new RegExp(`${name} is a Git LFS pointer, .*Run \`git lfs install && git lfs pull\` in /`),
        );
        return true;
      });
    });
  }
});
