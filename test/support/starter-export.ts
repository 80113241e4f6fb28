import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ElementType, OnnxGraph } from '../../src/engine/packed/onnx-graph.ts';
import { rotaryTables } from '../../src/engine/packed/rope.ts';
import { packed, starterManifest } from './starter.ts';

const MICROSOFT = 'com.microsoft';

/**
 * Makes a model folder in which the starter is an ONNX export, laid out as the exports of Qwen3-Embedding on the hub:
 * input_ids, attention_mask, position_ids and past_key_values.* in, last_hidden_state and present.* out, every product
 * over padded slots. The weights stay in the starter's safetensors, as external data.
 */
export async function writeStarterExport(folder: string): Promise<void> {
  const manifest = await starterManifest();
  const { architecture: config, tensors } = packed(manifest);
  const { hiddenSize: hidden, headCount, keyValueHeadCount, headDim } = config;
  const graph = new OnnxGraph('starter-padded');
  const weight = (name: string): string => {
    const tensor = tensors[`${name}.weight`];
    if (tensor === undefined) throw new Error(`no tensor ${name}`);
    const types = { F32: ElementType.float32, F16: ElementType.float16, BF16: ElementType.bfloat16 };
    const stored = graph.externalConstant(name, types[tensor.dtype], tensor.shape, {
      file: path.basename(tensor.file),
      offset: tensor.offset,
      byteLength: tensor.byteLength,
    });
    return tensor.dtype === 'F32' ? stored : graph.node('Cast', [stored], { attributes: { to: { int: 1 } } });
  };
  const int64s = (name: string, values: number[]) =>
    graph.constant(name, ElementType.int64, [values.length], BigInt64Array.from(values.map(BigInt)));
  const linear = (x: string, name: string) => graph.node('MatMul', [x, graph.node('Transpose', [weight(name)])]);
  const norm = (x: string, name: string) =>
    graph.node('SimplifiedLayerNormalization', [x, weight(name)], {
      attributes: { epsilon: { float: config.rmsNormEps } },
    });

  const ids = graph.input('input_ids', ElementType.int64, ['batch_size', 'sequence_length']);
  const mask = graph.input('attention_mask', ElementType.int64, ['batch_size', 'total_sequence_length']);
  const positions = graph.input('position_ids', ElementType.int64, ['batch_size', 'sequence_length']);
  const { cos, sin } = rotaryTables(config.maxPositions, headDim, config.ropeTheta);
  const table = (name: string, data: Float32Array) =>
    graph.constant(name, ElementType.float32, [config.maxPositions, headDim / 2], data);
  const tables = [table('cos', cos), table('sin', sin)];
  const toInt32 = (x: string) => graph.node('Cast', [x], { attributes: { to: { int: ElementType.int32 } } });
  const lengths = graph.node('ReduceSum', [mask, int64s('axis', [1])], { attributes: { keepdims: { int: 0 } } });
  const seqlensK = toInt32(graph.node('Sub', [lengths, int64s('one', [1])]));
  const scalar = int64s('first', [1]);
  const total = toInt32(graph.node('Gather', [graph.node('Shape', [mask]), scalar]));
  const heads = { query: int64s('query_heads', [0, 0, -1, headDim]), flat: int64s('flat', [0, 0, -1]) };

  let x = graph.node('Gather', [weight('embed_tokens'), ids]);
  for (let layer = 0; layer < config.layerCount; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`;
    const normed = norm(x, name('input_layernorm'));
    const rotated = (projection: string, headNorm: string, count: number) => {
      const split = graph.node('Reshape', [linear(normed, name(projection)), heads.query]);
      const flat = graph.node('Reshape', [norm(split, name(headNorm)), heads.flat]);
      return graph.node('RotaryEmbedding', [flat, positions, ...tables], {
        domain: MICROSOFT,
        attributes: { num_heads: { int: count }, rotary_embedding_dim: { int: 0 } },
      });
    };
    const cacheShape = ['batch_size', keyValueHeadCount, 'past_sequence_length', headDim];
    const past = ['key', 'value'].map((part) =>
      graph.input(`past_key_values.${layer}.${part}`, ElementType.float32, cacheShape),
    );
    const present = ['key', 'value'].map((part) =>
      graph.output(`present.${layer}.${part}`, ElementType.float32, [
        'batch_size',
        keyValueHeadCount,
        'total_sequence_length',
        headDim,
      ]),
    );
    const attended = graph.node(
      'GroupQueryAttention',
      [
        rotated('self_attn.q_proj', 'self_attn.q_norm', headCount),
        rotated('self_attn.k_proj', 'self_attn.k_norm', keyValueHeadCount),
        linear(normed, name('self_attn.v_proj')),
        ...past,
        seqlensK,
        total,
      ],
      {
        domain: MICROSOFT,
        attributes: {
          num_heads: { int: headCount },
          kv_num_heads: { int: keyValueHeadCount },
          scale: { float: 1 / Math.sqrt(headDim) },
        },
        outputs: [`attended.${layer}`, ...present],
      },
    );
    x = graph.node('Add', [x, linear(attended, name('self_attn.o_proj'))]);
    const after = norm(x, name('post_attention_layernorm'));
    const gate = linear(after, name('mlp.gate_proj'));
    const silu = graph.node('Mul', [gate, graph.node('Sigmoid', [gate])]);
    const feedForward = linear(graph.node('Mul', [silu, linear(after, name('mlp.up_proj'))]), name('mlp.down_proj'));
    x = graph.node('Add', [x, feedForward]);
  }
  graph.node('SimplifiedLayerNormalization', [x, weight('norm')], {
    attributes: { epsilon: { float: config.rmsNormEps } },
    outputs: [graph.output('last_hidden_state', ElementType.float32, ['batch_size', 'sequence_length', hidden])],
  });

  cpSync(manifest.folder, folder, { recursive: true });
  mkdirSync(path.join(folder, 'onnx'));
  rmSync(path.join(folder, 'model.safetensors'));
  const [first] = Object.values(tensors);
  if (first !== undefined) cpSync(first.file, path.join(folder, 'onnx', path.basename(first.file)));
  writeFileSync(path.join(folder, 'onnx', 'model.onnx'), graph.serialize({ '': 21, [MICROSOFT]: 1 }));
}
