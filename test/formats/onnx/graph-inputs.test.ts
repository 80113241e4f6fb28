import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InferenceSession } from 'onnxruntime-node';
import { toBatch } from '../../../src/engine/protocol.ts';
import { chooseOutput } from '../../../src/formats/onnx/choose-output.ts';
import { planInputs } from '../../../src/formats/onnx/graph-inputs.ts';

type Metadata = InferenceSession.TensorValueMetadata;
const tensor = (name: string, type: Metadata['type'], shape: (number | string)[]): Metadata => ({
  name,
  isTensor: true,
  type,
  shape,
});
const text = (name: string, type: Metadata['type'] = 'int64') => tensor(name, type, ['batch', 'sequence']);

describe('planInputs()', () => {
  const batch = toBatch([[7, 8, 9], [5]]);
  const layout = { batchSize: 2, longest: 3, lengths: Int32Array.of(3, 1) };

  it('pads on the right, and makes mask, positions and segments from lengths', () => {
    const feeds = planInputs(
      [text('input_ids'), text('attention_mask'), text('token_type_ids'), text('position_ids')],
      5,
    )(batch, layout);
    assert.deepEqual(
      Object.fromEntries(Object.entries(feeds).map(([name, { data, dims }]) => [name, { data, dims }])),
      {
        input_ids: { data: BigInt64Array.of(7n, 8n, 9n, 5n, 5n, 5n), dims: [2, 3] },
        attention_mask: { data: BigInt64Array.of(1n, 1n, 1n, 1n, 0n, 0n), dims: [2, 3] },
        token_type_ids: { data: new BigInt64Array(6), dims: [2, 3] },
        position_ids: { data: BigInt64Array.of(0n, 1n, 2n, 0n, 0n, 0n), dims: [2, 3] },
      },
    );
  });

  it('feeds int32 where the graph declares it', () => {
    const feeds = planInputs([text('input_ids', 'int32')], 0)(batch, layout);
    assert.deepEqual(feeds.input_ids?.data, Int32Array.of(7, 8, 9, 5, 0, 0));
  });

  it('feeds a decoder an empty cache of the declared type and shape, and tells it not to use one', () => {
    const past = (type: Metadata['type']) => tensor('past_key_values.0.key', type, ['batch', 8, 'past', 64]);
    for (const type of ['float32', 'float16'] as const) {
      const feeds = planInputs([text('input_ids'), past(type), tensor('use_cache_branch', 'bool', [1])], 0)(
        batch,
        layout,
      );
      assert.deepEqual(feeds['past_key_values.0.key']?.dims, [2, 8, 0, 64]);
      assert.equal(feeds['past_key_values.0.key']?.type, type);
      assert.deepEqual(Array.from(feeds.use_cache_branch?.data as Uint8Array), [0]);
    }
  });

  for (const [what, inputs, message] of [
    [
      'an input that it does not know',
      [text('input_ids'), text('task_id')],
      /needs an input task_id, .* It provides input_ids/,
    ],
    ['an image model', [tensor('pixel_values', 'float32', ['b', 3, 224, 224])], /needs an input pixel_values/],
    ['no text input', [text('attention_mask')], /has no input_ids input, but attention_mask/],
    ['a fixed batch', [tensor('input_ids', 'int64', [1, 'sequence'])], /as \[1,sequence\].*dynamic axes/],
    ['a fixed length', [tensor('input_ids', 'int64', ['batch', 128])], /as \[batch,128\].*dynamic axes/],
    [
      'a mask of floats',
      [text('input_ids'), text('attention_mask', 'float32')],
      /attention_mask as float32; .* int64 or int32/,
    ],
    ['an odd cache', [text('input_ids'), tensor('past_key_values.0.key', 'float32', ['b', 'p', 8])], /as \[b,p,8\]/],
    ['a cache of bytes', [text('input_ids'), tensor('past_key_values.0.key', 'uint8', ['b', 2, 'p', 8])], /as uint8/],
  ] as const) {
    it(`refuses ${what}, naming it`, () => {
      assert.throws(() => planInputs(inputs, 0), { name: 'StartError', message });
    });
  }
});

describe('chooseOutput()', () => {
  const states = (name: string) => tensor(name, 'float32', ['batch', 'sequence', 32]);
  const sentence = tensor('sentence_embedding', 'float32', ['batch', 32]);
  const present = tensor('present.0.key', 'float32', ['batch', 2, 'past', 8]);

  it('takes one output: the pooled one, else hidden states by name, else the only one of rank 3', () => {
    const chosen = (...outputs: Metadata[]) => chooseOutput(outputs);
    assert.deepEqual(chosen(states('token_embeddings'), sentence), { name: 'sentence_embedding', isPooled: true });
    assert.deepEqual(chosen(present, states('x'), states('last_hidden_state')), {
      name: 'last_hidden_state',
      isPooled: false,
    });
    assert.deepEqual(chosen(states('hidden'), tensor('pooler_output', 'float32', ['batch', 32]), present), {
      name: 'hidden',
      isPooled: false,
    });
  });

  for (const [what, outputs] of [
    ['logits', [states('logits')]],
    ['several of rank 3', [states('a'), states('b')]],
    ['pooled output of an unknown name', [tensor('pooler_output', 'float32', ['batch', 32])]],
  ] as const) {
    it(`refuses ${what}, listing what the graph gives`, () => {
      assert.throws(() => chooseOutput(outputs), { name: 'StartError', message: new RegExp(outputs[0].name) });
    });
  }

  it('refuses a type that it cannot read', () => {
    assert.throws(() => chooseOutput([tensor('last_hidden_state', 'uint8', ['b', 's', 8])]), /as uint8; .* float32/);
  });
});
