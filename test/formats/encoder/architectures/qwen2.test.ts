import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { describeModel } from '../../../../src/formats/describe-model.ts';
import { qwen2 } from '../../../../src/formats/encoder/architectures/qwen2.ts';
import { encoderFixtures } from '../../../support/encoder-references.ts';

const source = path.join(encoderFixtures, 'qwen2-bidirectional');
const bidirectional = JSON.parse(readFileSync(path.join(source, 'config.json'), 'utf8'));

describe('Qwen2 whose tokens see those after them', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-qwen2-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is an encoder by is_causal alone', async () => {
    cpSync(source, folder, { recursive: true });
    const formatOf = async (changes: object) => {
      writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...bidirectional, ...changes }));
      return (await describeModel({ name: 'x', folder }, { pooling: 'last_token', task: 'embed' })).format;
    };
    assert.equal(await formatOf({}), 'encoder');
    // As gte-Qwen2 is published, with code of its own, which does not run.
    assert.equal(await formatOf({ auto_map: { AutoModel: 'modeling_qwen.Qwen2Model' } }), 'encoder');
    assert.equal(await formatOf({ is_causal: true }), 'causal');
    assert.equal(await formatOf({ is_causal: undefined }), 'causal');
  });

  for (const [field, value] of [
    ['is_causal', true],
    ['is_causal', undefined],
    ['use_sliding_window', true],
    ['layer_types', ['full_attention', 'sliding_attention']],
    ['rope_scaling', { type: 'yarn', factor: 4 }],
    ['hidden_act', 'gelu'],
    ['num_attention_heads', 5],
    ['num_key_value_heads', 2],
    ['attention_bias', true],
  ] as const) {
    it(`refuses ${field} = ${JSON.stringify(value)}, naming the field`, () => {
      assert.throws(() => qwen2.readConfig({ ...bidirectional, [field]: value }), {
        name: 'StartError',
        message: new RegExp(`config\\.json: ${field} is`),
      });
    });
  }
});
