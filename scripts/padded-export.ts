import { copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ElementType, OnnxGraph } from '../src/formats/graph-writer/onnx-graph.ts';
import { inverseFrequencies, rotaryTables } from '../src/formats/graph-writer/rotary-tables.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';
import { packed } from './packed-weights.ts';

const MICROSOFT = 'com.microsoft';
/** Added to the scores of positions that must not be seen: e to that power is 0. */
const UNSEEN = -1e9;

/** What Qwen3's tokenizer_config.json says, for a folder that has none: transformers.js wants to know what to pad with. */
const UNTOLD = { tokenizer_class: 'Qwen2Tokenizer', pad_token: '<|endoftext|>' };

/**
 * Which side padding may be on. `right`: attention is told each sequence's length, as in the exports on the hub, where
 * padding on the left gives other vectors. `either`: it is given a mask, which costs up to a quarter of the speed.
 */
export type Padding = 'right' | 'either';

/**
 * Makes a model folder in which a Qwen3 checkpoint is an ONNX export, laid out as those on the hub: input_ids,
 * attention_mask, position_ids and past_key_values.* in, last_hidden_state and present.* out, every product over padded
 * slots. It is what the packed path is compared with, in tests and benchmarks, and what
 * other runtimes can load. The weights stay as they are in the safetensors, as external data: a hard link where it can be.
 *
 * @param folder made if absent; must be empty.
 */
export function writePaddedExport(manifest: ModelManifest, folder: string, padding: Padding = 'right'): void {
  const { architecture: config, tensors } = packed(manifest);
  const { hiddenSize: hidden, headCount, keyValueHeadCount, headDim } = config;
  const graph = new OnnxGraph('qwen3-padded');
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
  const { cos, sin } = rotaryTables(config.maxPositions, inverseFrequencies(headDim, config.ropeTheta));
  const table = (name: string, data: Float32Array) =>
    graph.constant(name, ElementType.float32, [config.maxPositions, headDim / 2], data);
  const tables = [table('cos', cos), table('sin', sin)];
  const toInt32 = (x: string) => graph.node('Cast', [x], { attributes: { to: { int: ElementType.int32 } } });
  const heads = { query: int64s('query_heads', [0, 0, -1, headDim]), flat: int64s('flat', [0, 0, -1]) };
  const [zero, one] = [int64s('zero', [0]), int64s('one', [1])];
  const maskShape = graph.node('Shape', [mask]);
  const batch = graph.node('Gather', [maskShape, zero]);
  const total = graph.node('Gather', [maskShape, one]);
  /** GroupQueryAttention's inputs from seqlens_k on. */
  const attention = padding === 'right' ? withLengths() : withMask();

  function withLengths(): string[] {
    const lengths = graph.node('ReduceSum', [mask, one], { attributes: { keepdims: { int: 0 } } });
    return [toInt32(graph.node('Sub', [lengths, one])), toInt32(total)];
  }

  function withMask(): string[] {
    const number = (name: string, value: number) =>
      graph.constant(name, ElementType.float32, [1], Float32Array.of(value));
    const isSeen = graph.node('Cast', [mask], { attributes: { to: { int: ElementType.float32 } } });
    const bias = graph.node('Mul', [graph.node('Sub', [number('seen', 1), isSeen]), number('unseen', UNSEEN)]);
    const shape = graph.node('Concat', [batch, one, total, total], { attributes: { axis: { int: 0 } } });
    const square = graph.node('Expand', [graph.node('Unsqueeze', [bias, int64s('axes', [1, 2])]), shape]);
    const lengths = graph.node('Expand', [graph.node('Sub', [total, one]), batch]);
    return [toInt32(lengths), toInt32(total), '', '', '', square];
  }

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
        ...attention,
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
  writeFolder(manifest, folder, graph.serialize({ '': 21, [MICROSOFT]: 1 }), padding);
}

/** The manifest's folder, with the graph and the weights in onnx/ and a tokenizer that pads on a side that is allowed. */
function writeFolder(manifest: ModelManifest, folder: string, graph: Uint8Array, padding: Padding): void {
  const { tensors } = packed(manifest);
  const weightFiles = new Set(Object.values(tensors).map(({ file }) => path.resolve(file)));
  cpSync(manifest.folder, folder, { recursive: true, filter: (file) => !weightFiles.has(path.resolve(file)) });
  mkdirSync(path.join(folder, 'onnx'));
  for (const file of weightFiles) linkOrCopy(file, path.join(folder, 'onnx', path.basename(file)));
  writeFileSync(path.join(folder, 'onnx', 'model.onnx'), graph);
  const tokenizerConfig = path.join(folder, 'tokenizer_config.json');
  const settings = existsSync(tokenizerConfig) ? JSON.parse(readFileSync(tokenizerConfig, 'utf8')) : UNTOLD;
  const padding_side = padding === 'right' ? 'right' : 'left';
  writeFileSync(tokenizerConfig, JSON.stringify({ ...settings, padding_side }, null, 2));
}

function linkOrCopy(file: string, target: string): void {
  try {
    linkSync(file, target);
  } catch {
    copyFileSync(file, target); // Another file system.
  }
}
