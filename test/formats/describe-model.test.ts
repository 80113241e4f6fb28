import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../src/formats/describe-model.ts';
import { fingerprintOf } from '../../src/model-files/fingerprint.ts';
import type { ModelManifest } from '../../src/model-files/manifest.ts';
import { packageRoot } from '../../src/package-info.ts';
import { fixtures, packed } from '../support/starter.ts';

let folder: string;
const load = (): Promise<ModelManifest> => describeModel({ name: 'copy', folder });
const edit = (file: string, change: (json: Record<string, unknown>) => unknown) => {
  const full = path.join(folder, file);
  writeFileSync(full, JSON.stringify(change(JSON.parse(readFileSync(full, 'utf8')))));
};

/** Rewrites the header of the copy's weights; its length stays, so the tensors' bytes stay where they are. */
function editHeader(change: (header: string) => string): void {
  const file = path.join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE());
  const header = change(bytes.subarray(8, 8 + length).toString()).padEnd(length);
  assert.equal(Buffer.byteLength(header), length);
  bytes.write(header, 8);
  writeFileSync(file, bytes);
}

/** The offsets of a tensor as they stand in the header. */
function offsetsOf(header: string, tensor: string): string {
  return /"data_offsets":\[[^\]]*\]/.exec(header.slice(header.indexOf(`"${tensor}"`)))?.[0] ?? '';
}

describe('describeModel()', () => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reads what the starter says of itself', async () => {
    const manifest = await load();
    assert.equal(manifest.hiddenSize, 256);
    assert.equal(manifest.maxTokens, 8192);
    assert.equal(manifest.pooling, 'last_token');
    assert.equal(manifest.normalize, true);
    assert.match(manifest.prompts.query ?? '', /^Instruct: .*\nQuery:$/);
    assert.equal(manifest.prompts.document, '');
    assert.equal(Object.keys(packed(manifest).tensors).length, 24);
    assert.equal(manifest.canary?.cases.length, 7);
  });

  it('takes the smaller of the two length limits', async () => {
    edit('tokenizer_config.json', (json) => ({ ...json, model_max_length: 512 }));
    assert.equal((await load()).maxTokens, 512);
    edit('tokenizer_config.json', (json) => ({ ...json, model_max_length: 131072 }));
    assert.equal((await load()).maxTokens, 8192);
  });

  it('finds the tensors of shards, whatever their prefix', async () => {
    const sharded = await describeModel({
      name: 'sharded',
      folder: path.join(fixtures, 'qwen3-variants', 'sharded-f32'),
    });
    assert.ok(packed(sharded).tensors['norm.weight']?.file.endsWith('model-00003-of-00003.safetensors'));
    assert.equal(new Set(Object.values(packed(sharded).tensors).map(({ file }) => file)).size, 3);
  });

  it('follows the links of a hub cache to the files themselves', async () => {
    const blob = path.join(folder, 'blob');
    renameSync(path.join(folder, 'model.safetensors'), blob);
    symlinkSync(blob, path.join(folder, 'model.safetensors'));
    assert.equal(packed(await load()).tensors['norm.weight']?.file, blob);
  });

  it('has another fingerprint for other weights, tokenizer or prompts, and the same for a copy', async () => {
    const original = await fingerprintOf(await load(), 'fp32');
    assert.match(original, /^[0-9a-f]{16}$/);
    assert.equal(
      await fingerprintOf(
        await describeModel({ name: 'starter', folder: path.join(packageRoot, 'models', 'starter') }),
        'fp32',
      ),
      original,
    );
    edit('config_sentence_transformers.json', (json) => ({ ...json, prompts: { query: 'q: ' } }));
    const prompted = await fingerprintOf(await load(), 'fp32');
    appendFileSync(path.join(folder, 'tokenizer.json'), ' ');
    const tokenized = await fingerprintOf(await load(), 'fp32');
    const weights = readFileSync(path.join(folder, 'model.safetensors'));
    weights[weights.length - 1] = (weights[weights.length - 1] as number) ^ 1;
    writeFileSync(path.join(folder, 'model.safetensors'), weights);
    const weighted = await fingerprintOf(await load(), 'fp32');
    assert.equal(new Set([original, prompted, tokenized, weighted]).size, 4);
  });

  for (const [what, damage, message] of [
    ['no config.json', () => rmSync(path.join(folder, 'config.json')), /no config\.json/],
    [
      'no weights',
      () => rmSync(path.join(folder, 'model.safetensors')),
      /no model\.safetensors\. .*no onnx\/model\.onnx/,
    ],
    [
      'weights that are no safetensors',
      () => writeFileSync(path.join(folder, 'model.safetensors'), 'PK not weights at all'),
      /not a safetensors file/,
    ],
    ['an empty weight file', () => writeFileSync(path.join(folder, 'model.safetensors'), ''), /not a safetensors file/],
    [
      'config.json that is no JSON',
      () => writeFileSync(path.join(folder, 'config.json'), '{'),
      /config\.json is not a JSON object/,
    ],
    [
      'no pooling config',
      () => rmSync(path.join(folder, '1_Pooling'), { recursive: true }),
      /no 1_Pooling\/config\.json, so its pooling is unknown/,
    ],
    [
      'a module that it does not compute',
      () =>
        edit('modules.json', (json) => [
          ...(json as unknown as unknown[]).slice(0, 2),
          { type: 'sentence_transformers.models.CNN' },
        ]),
      /modules\.json lists Transformer, Pooling, CNN/,
    ],
    [
      'a dense layer without its files',
      () =>
        edit('modules.json', (json) => [
          ...(json as unknown as unknown[]).slice(0, 2),
          { type: 'sentence_transformers.models.Dense', path: '2_Dense' },
        ]),
      /no 2_Dense\/config\.json/,
    ],
    [
      'tensors that share bytes',
      () =>
        editHeader((header) => {
          const [first, second] = ['layers.0.self_attn.k_proj.weight', 'layers.0.self_attn.v_proj.weight'];
          return header.replace(offsetsOf(header, second as string), offsetsOf(header, first as string));
        }),
      /damaged header: its tensors overlap or leave a gap/,
    ],
    [
      'a negative offset',
      () => editHeader((header) => header.replace(/"data_offsets":\[0,(\d+)\d\]/, '"data_offsets":[-9,$1]')),
      /damaged entry/,
    ],
    [
      'bytes that belong to no tensor',
      () => appendFileSync(path.join(folder, 'model.safetensors'), 'xx'),
      /2 bytes that belong to no tensor/,
    ],
    [
      'config.json that is null',
      () => writeFileSync(path.join(folder, 'config.json'), 'null'),
      /config\.json is not a JSON object/,
    ],
    [
      'a shard outside the folder',
      () => {
        const index = '{"weight_map":{"norm.weight":"../x.safetensors"}}';
        renameSync(path.join(folder, 'model.safetensors'), path.join(folder, 'model.safetensors.index.json'));
        writeFileSync(path.join(folder, 'model.safetensors.index.json'), index);
      },
      /is not a file name in the model folder/,
    ],
  ] as const) {
    it(`refuses ${what}, saying so`, async () => {
      damage();
      await assert.rejects(load(), { name: 'StartError', message });
    });
  }
});
