import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ModelRegistry } from '@huggingface/transformers';
import { ONNX_DTYPES, onnxFileNames, TRANSFORMERS_JS_DTYPES } from '../../src/formats/onnx/onnx-file-names.ts';
import { chooseFiles } from '../../src/formats/recognize-model.ts';
import type { ModelFiles } from '../../src/model-files/folder/model-files.ts';
import { DTYPES, type Dtype, type WeightKind } from '../../src/model-files/manifest.ts';
import { encoderFixtures } from '../support/encoder-references.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { tinyGraph } from '../support/pulled-model.ts';
import { fixtures } from '../support/starter.ts';

const variant = path.join(fixtures, 'qwen3-variants', 'sharded-f32');
const readVariant = (file: string) => JSON.parse(readFileSync(path.join(variant, file), 'utf8')) as unknown;
const qwen = readVariant('config.json') as Record<string, unknown>;
const bert = { model_type: 'bert', architectures: ['BertModel'] };
const readBert = () =>
  JSON.parse(readFileSync(path.join(paddedFixtures, 'bert-mean', 'config.json'), 'utf8')) as Record<string, unknown>;

/** Output and data files of the graphs of a repository. */
type Graph = [output: string, ...dataFiles: string[]];
const POOLED: Graph = ['sentence_embedding'];

/** Chooses from a repository of these files; JSON where it matters. WEIGHTS or DTYPE is `asked`, the other `auto`. */
async function choose(
  asked: Dtype | 'auto' | WeightKind,
  names: readonly string[],
  json: Record<string, unknown>,
  [output, ...dataFiles] = POOLED,
): Promise<string[]> {
  const paths = new Set(['config.json', 'tokenizer.json', ...names]);
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  const graph = path.join(folder, 'model.onnx');
  writeFileSync(graph, tinyGraph(output, 0, ...dataFiles));
  const files: ModelFiles = {
    name: 'someone/model',
    has: (file) => paths.has(file),
    list: () => paths,
    readJson: async (file) => json[file],
    locate: async () => graph,
  };
  try {
    const isKind = asked === 'safetensors' || asked === 'onnx';
    const choice = isKind ? ({ weights: asked, dtype: 'auto' } as const) : ({ weights: 'auto', dtype: asked } as const);
    return (await chooseFiles(files, choice)).chosen;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const weights = async (...args: Parameters<typeof choose>) => (await choose(...args)).slice(2).sort();

describe('chooseFiles()', () => {
  it('takes what describes the model and one kind of weights, and nothing else', async () => {
    const files = [
      ...['tokenizer_config.json', 'special_tokens_map.json', 'modules.json', 'sentence_bert_config.json'],
      ...['config_sentence_transformers.json', '1_Pooling/config.json', '2_Normalize/config.json', 'model.safetensors'],
    ];
    const others = [
      'README.md',
      'vocab.json',
      'pytorch_model.bin',
      'onnx/model.onnx',
      'openvino/openvino_model.xml',
      'train.py',
    ];
    const modules = [
      { path: '', type: 'sentence_transformers.models.Transformer' },
      { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      { path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
    ];
    assert.deepEqual(
      await weights('auto', [...files, ...others], {
        'config.json': qwen,
        'modules.json': modules,
        '1_Pooling/config.json': { pooling_mode_lasttoken: true },
      }),
      files.sort(),
    );
    for (const [pooling, message] of [
      [{ pooling_mode_fashionable: true }, /pooling_mode_fashionable/],
      [undefined, /has no 1_Pooling\/config\.json/],
    ] as const) {
      const json = { 'config.json': qwen, 'modules.json': modules, '1_Pooling/config.json': pooling };
      const present = files.filter((file) => pooling !== undefined || !file.startsWith('1_Pooling'));
      await assert.rejects(weights('auto', present, json), { name: 'StartError', message });
    }
  });

  it('takes the weights of Dense modules', async () => {
    const modules = [
      { path: '', type: 'sentence_transformers.models.Transformer' },
      { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      { path: '2_Dense', type: 'sentence_transformers.models.Dense' },
    ];
    const described = ['1_Pooling/config.json', '2_Dense/config.json'];
    const files = [...described, 'modules.json', '2_Dense/model.safetensors', '2_Dense/pytorch_model.bin'];
    const pooling = { pooling_mode_mean_tokens: true };
    const json = { 'config.json': bert, 'modules.json': modules, '1_Pooling/config.json': pooling };
    const chosen = (graph: Graph) => weights('auto', [...files, 'onnx/model.onnx'], json, graph);
    assert.deepEqual(await chosen(['last_hidden_state']), [
      ...[...described, '2_Dense/model.safetensors'].sort(),
      ...['modules.json', 'onnx/model.onnx'],
    ]);
    // They are in a graph that gives the embedding itself.
    assert.deepEqual(await chosen(POOLED), [...described, 'modules.json', 'onnx/model.onnx']);
    const decoder = { ...json, 'config.json': qwen };
    assert.deepEqual(
      await weights('auto', [...files, 'model.safetensors'], decoder),
      [...described, '2_Dense/model.safetensors', 'modules.json', 'model.safetensors'].sort(),
    );
  });

  it('takes the index and its shards, and notices one that is missing', async () => {
    const index = 'model.safetensors.index.json';
    const json = { 'config.json': qwen, [index]: readVariant(index) };
    const shards = [1, 2, 3].map((n) => `model-0000${n}-of-00003.safetensors`);
    assert.deepEqual(await weights('bf16', [index, ...shards], json), [...shards, index]);
    await assert.rejects(choose('bf16', [index, ...shards.slice(1)], json), {
      name: 'StartError',
      message: /names model-00001-of-00003/,
    });
  });

  it('refuses an architecture it cannot compute before any weights', async () => {
    const config = { ...qwen, rope_scaling: { type: 'yarn' } };
    await assert.rejects(choose('auto', ['model.safetensors'], { 'config.json': config }), { message: /rope_scaling/ });
    await assert.rejects(choose('auto', ['model.safetensors'], { 'config.json': { model_type: 'funnel' } }), {
      message:
        /^someone\/model has no weights .*: model_type is "funnel", and from safetensors hotvec computes bert, .*qwen3.*no onnx\/model\.onnx.*optimum-cli export onnx --model/,
    });
    const untokenized: ModelFiles = {
      name: 'x/y',
      has: (file) => file === 'config.json',
      list: () => ['config.json'],
      readJson: async (file) => (file === 'config.json' ? bert : undefined),
      locate: () => assert.fail('nothing is fetched'),
    };
    await assert.rejects(chooseFiles(untokenized, { weights: 'auto', dtype: 'auto' }), {
      message: /x\/y has no tokenizer\.json/,
    });
    const t5 = { model_type: 't5', architectures: ['T5ForConditionalGeneration'] };
    await assert.rejects(
      choose('auto', ['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx'], { 'config.json': t5 }),
      {
        message: /encoder_model\.onnx, decoder_model_merged\.onnx: hotvec serves .* with one graph/,
      },
    );
  });

  it('takes no data files on the word of config.json, not a billion of them, nor those that only lie there', async () => {
    for (const count of [2, 1e9, { 'model.onnx': 1e9 }]) {
      const config = { ...bert, 'transformers.js_config': { use_external_data_format: count } };
      const files = ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'];
      const chosen = (graph: Graph) => weights('auto', files, { 'config.json': config }, graph);
      assert.deepEqual(await chosen(['last_hidden_state', 'model.onnx_data']), files.slice(0, 2));
      assert.deepEqual(await chosen(['last_hidden_state']), files.slice(0, 1));
    }
  });

  it('takes the ONNX files of a precision, with the data that its graph names', async () => {
    const files = [
      'onnx/model.onnx',
      'onnx/model.onnx_data',
      'onnx/model.onnx_data_1',
      'onnx/model_fp16.onnx',
      'onnx/model_fp16.onnx.data',
      'onnx/model_quantized.onnx',
      'onnx/model_qint8_avx512.onnx',
    ];
    const json = { 'config.json': bert };
    const inTwo: Graph = ['sentence_embedding', 'model.onnx_data', 'model.onnx_data_1'];
    assert.deepEqual(await weights('auto', files, json, inTwo), files.slice(0, 3));
    assert.deepEqual(await weights('fp16', files, json, ['sentence_embedding', 'model_fp16.onnx.data']), [
      'onnx/model_fp16.onnx',
      'onnx/model_fp16.onnx.data',
    ]);
    assert.deepEqual(await weights('q8', files, json), ['onnx/model_quantized.onnx']);
    await assert.rejects(choose('fp32', ['onnx/model.onnx', 'onnx/model.onnx_data'], json, inTwo), {
      message: /keeps its weights in onnx\/model\.onnx_data_1, which is missing/,
    });
    assert.deepEqual(
      await weights('auto', ['model.onnx', 'model.onnx_data'], json, ['sentence_embedding', 'model.onnx_data']),
      ['model.onnx', 'model.onnx_data'],
    );
  });

  it('takes the data files that a graph names, whatever their names, and notices one that is missing', async () => {
    const graph: Graph = ['sentence_embedding', 'model.onnx_data', 'weights/some.bin'];
    const files = ['onnx/model.onnx_data', 'onnx/model_q4.onnx', 'onnx/weights/some.bin'];
    assert.deepEqual(await weights('q4', files, { 'config.json': bert }, graph), files);
    await assert.rejects(choose('q4', files.slice(1), { 'config.json': bert }, graph), {
      name: 'StartError',
      message: /onnx\/model_q4\.onnx keeps its weights in onnx\/model\.onnx_data, which is missing/,
    });
  });

  it('refuses modules and a pooling that hotvec lacks, unless the graph gives the embedding itself', async () => {
    const hidden: Graph = ['last_hidden_state'];
    const files = ['modules.json', '1_Pooling/config.json', 'onnx/model.onnx'];
    const kinds = (...names: string[]) =>
      names.map((name) => ({
        path: name === 'Pooling' ? '1_Pooling' : '',
        type: `sentence_transformers.models.${name}`,
      }));
    for (const [modules, pooling, message] of [
      [kinds('Transformer', 'Pooling', 'LSTM'), { pooling_mode_mean_tokens: true }, /lists .*LSTM; hotvec/],
      [kinds('Transformer', 'Pooling'), { pooling_mode: ['cls', 'mean'] }, /mode cls and pooling mode mean; hotvec/],
    ] as const) {
      const json = { 'config.json': bert, 'modules.json': modules, '1_Pooling/config.json': pooling };
      await assert.rejects(choose('auto', files, json, hidden), { name: 'StartError', message });
      assert.ok((await choose('auto', files, json)).includes('onnx/model.onnx'));
    }
  });

  it('takes the most precise one for `auto`, and never another than the one that is named', async () => {
    const json = { 'config.json': bert };
    assert.deepEqual(await weights('auto', ['onnx/model_q4.onnx', 'onnx/model_quantized.onnx'], json), [
      'onnx/model_quantized.onnx',
    ]);
    await assert.rejects(choose('fp32', ['onnx/model_q4.onnx', 'onnx/model_fp16.onnx'], json), {
      name: 'StartError',
      message: 'someone/model has no fp32 weights. Set DTYPE to one that it has: fp16, q4.',
    });
    await assert.rejects(choose('q4', ['model.safetensors', 'onnx/model_quantized.onnx'], { 'config.json': qwen }), {
      message: /has no q4 weights\. Set DTYPE to one that it has: fp32, bf16, fp16, int8, q8/,
    });
    assert.deepEqual(await weights('q8', ['model.safetensors', 'onnx/model_quantized.onnx'], { 'config.json': qwen }), [
      'onnx/model_quantized.onnx',
    ]);
    // hotvec quantizes safetensors itself.
    assert.deepEqual(await weights('int8', ['model.safetensors', 'onnx/model_int8.onnx'], { 'config.json': qwen }), [
      'model.safetensors',
    ]);
    assert.deepEqual(await weights('int8', ['onnx/model_int8.onnx'], { 'config.json': qwen }), [
      'onnx/model_int8.onnx',
    ]);
  });
});

describe('chooseFiles() of a repository with safetensors and ONNX exports', () => {
  const files = ['model.safetensors', 'onnx/model.onnx', 'onnx/model_quantized.onnx', 'onnx/model_int8.onnx'];
  const json = { 'config.json': readBert() };
  const relative = { 'config.json': { ...readBert(), position_embedding_type: 'relative_key' } };

  it('takes safetensors, but for WEIGHTS=onnx and a precision that only an export has', async () => {
    for (const [asked, chosen] of [
      ['auto', 'model.safetensors'],
      ['fp32', 'model.safetensors'],
      ['safetensors', 'model.safetensors'],
      // hotvec quantizes safetensors itself.
      ['int8', 'model.safetensors'],
      ['q8', 'onnx/model_quantized.onnx'],
      ['onnx', 'onnx/model.onnx'],
    ] as const) {
      assert.deepEqual(await weights(asked, files, json), [chosen], asked);
    }
  });

  it('takes the export where hotvec has no graph for the architecture or a field, unless WEIGHTS says safetensors', async () => {
    const unknown = { 'config.json': { ...readBert(), model_type: 'funnel' } };
    const nomic = JSON.parse(readFileSync(path.join(encoderFixtures, 'nomic-bert-three-heads', 'config.json'), 'utf8'));
    const reranker = {
      'config.json': { ...nomic, architectures: ['NomicBertForSequenceClassification'], id2label: { 0: 'LABEL_0' } },
    };
    for (const [config, output, reason] of [
      [unknown, 'sentence_embedding', 'config.json: model_type is "funnel", and from safetensors hotvec computes '],
      [
        relative,
        'sentence_embedding',
        'config.json: position_embedding_type is "relative_key"; hotvec supports "absolute" or null.',
      ],
      [reranker, 'logits', 'It is a reranker, and from safetensors of nomic_bert'],
    ] as const) {
      assert.deepEqual(await weights('auto', files, config, [output]), ['onnx/model.onnx']);
      await assert.rejects(weights('safetensors', files, config, [output]), ({ message }: Error) => {
        const start = `WEIGHTS=safetensors cannot be used for someone/model. ${reason}`;
        assert.ok(message.startsWith(start) && message.endsWith('Unset WEIGHTS to compute its ONNX export.'), message);
        return true;
      });
    }
  });

  it('says what the kind that is named lacks', async () => {
    await assert.rejects(weights('onnx', ['model.safetensors'], json), {
      message:
        /^WEIGHTS=onnx cannot be used for someone\/model\. It has no onnx\/model\.onnx\..*Unset WEIGHTS to compute its safetensors\.$/,
    });
    await assert.rejects(weights('safetensors', ['onnx/model.onnx'], json), {
      message:
        'WEIGHTS=safetensors cannot be used for someone/model. It has no model.safetensors. Unset WEIGHTS to compute its ONNX export.',
    });
  });

  it('gives one reason where there is nothing to compute', async () => {
    const encoders = path.join(fixtures, 'encoders');
    for (const [name, change, reason] of [
      ['qwen2-bf16', { some_field: 1 }, 'some_field is 1'],
      ['qwen2-bidirectional', { some_field: 1 }, 'some_field is 1'],
      ['llama-three-heads', { is_causal: false }, 'is_causal is false'],
    ] as const) {
      const config = JSON.parse(readFileSync(path.join(encoders, name, 'config.json'), 'utf8')) as object;
      const json = { 'config.json': { ...config, ...change } };
      await assert.rejects(weights('safetensors', ['model.safetensors'], json), ({ message }: Error) => {
        assert.match(message, new RegExp(`^WEIGHTS=safetensors cannot be used for [^:]*: ${reason}; [^:]*\\.$`));
        return true;
      });
    }
    const pickled = {
      message:
        /^someone\/model has no weights [^,]* It has no model\.safetensors, only pytorch_model\.bin[^.]*: [^.]*\.save_pretrained\(FOLDER\) saves [^.]*\.$/,
    };
    await assert.rejects(weights('auto', ['pytorch_model.bin'], json), pickled);
    await assert.rejects(weights('auto', [], json), {
      message: /serve\. It has no model\.safetensors\. It has no onnx\/model\.onnx\./,
    });
    await assert.rejects(weights('auto', ['model.safetensors'], relative), {
      message:
        /serve\. config\.json: position_embedding_type is "relative_key"; hotvec supports "absolute" or null\. It has no onnx\/model\.onnx\./,
    });
    await assert.rejects(weights('auto', ['pytorch_model.bin'], { 'config.json': { model_type: 'funnel' } }), {
      message: /serve\. It has no onnx\/model\.onnx\./,
    });
  });
});

describe('chooseFiles() of the exports of sentence-transformers', () => {
  const files = [
    ...['O1', 'O2', 'O3', 'O4', 'qint8_arm64', 'qint8_avx512', 'qint8_avx512_vnni', 'quint8_avx2'].map(
      (name) => `onnx/model_${name}.onnx`,
    ),
    'onnx/model_O2.onnx_data',
  ];
  const json = { 'config.json': bert };

  it('takes the one that is named with its data, and the most exact one for `auto`', async () => {
    assert.deepEqual(await weights('qint8_arm64', files, json), ['onnx/model_qint8_arm64.onnx']);
    assert.deepEqual(await weights('O2', files, json, ['sentence_embedding', 'model_O2.onnx_data']), [
      'onnx/model_O2.onnx',
      'onnx/model_O2.onnx_data',
    ]);
    assert.deepEqual(await weights('auto', files, json), ['onnx/model_O1.onnx']);
    assert.deepEqual(await weights('auto', [...files, 'onnx/model.onnx'], json), ['onnx/model.onnx']);
  });

  it('lists what there is for one that is not', async () => {
    await assert.rejects(choose('fp32', files, json), {
      message:
        'someone/model has no fp32 weights. Set DTYPE to one that it has: O1, O2, O3, O4, qint8_avx512_vnni, qint8_avx512, quint8_avx2, qint8_arm64.',
    });
    await assert.rejects(choose('auto', ['onnx/encoder.onnx'], json), {
      message: /It has onnx\/encoder\.onnx; hotvec recognizes/,
    });
  });
});

describe('chooseFiles() for a cross-encoder', () => {
  const names = ['tokenizer_config.json', 'onnx/model.onnx', 'onnx/model_quantized.onnx', 'model.safetensors'];
  const config = { model_type: 'bert', architectures: ['BertForSequenceClassification'], id2label: { 0: 'LABEL_0' } };
  const modules = [{ type: 'sentence_transformers.base.modules.transformer.Transformer', path: '' }];
  const saved = { 'modules.json': modules, 'config_sentence_transformers.json': { model_type: 'CrossEncoder' } };

  it('takes the graph of the precision, with and without the files of sentence-transformers', async () => {
    const json = { 'config.json': config };
    const withData = choose('auto', names, json, ['logits', 'model.onnx_data']);
    await assert.rejects(withData, /keeps its weights in onnx\/model\.onnx_data, which is missing/);
    assert.deepEqual((await choose('auto', names, json, ['logits'])).slice(2), [
      'tokenizer_config.json',
      'onnx/model.onnx',
    ]);
    const all = [...names, ...Object.keys(saved)];
    const chosen = await choose('q8', all, { ...json, ...saved }, ['logits']);
    assert.deepEqual(
      chosen.filter((file) => file.endsWith('.onnx')),
      ['onnx/model_quantized.onnx'],
    );
    assert.ok(Object.keys(saved).every((file) => chosen.includes(file)));
  });

  it('refuses several labels and other outputs before anything large is fetched', async () => {
    const labels = { ...config, id2label: { 0: 'a', 1: 'b' } };
    await assert.rejects(choose('auto', names, { 'config.json': labels }, ['logits']), /2 labels/);
    await assert.rejects(
      choose('auto', names, { 'config.json': config }, ['last_hidden_state']),
      /returns last_hidden_state \[\]; hotvec expects logits/,
    );
    const dense = [...modules, { type: 'sentence_transformers.models.Dense', path: '1_Dense' }];
    const json = { 'config.json': config, ...saved, 'modules.json': dense };
    await assert.rejects(choose('auto', [...names, ...Object.keys(saved)], json, ['logits']), /Transformer alone/);
  });
});

describe('onnxFileNames()', () => {
  it('are the names of sentence-transformers', () => {
    assert.deepEqual(onnxFileNames('O4'), ['onnx/model_O4.onnx', 'model_O4.onnx']);
    assert.equal(onnxFileNames('qint8_avx512_vnni')[0], 'onnx/model_qint8_avx512_vnni.onnx');
  });

  it('are ordered by precision, each once', () => {
    assert.deepEqual([...ONNX_DTYPES, 'bf16'].sort(), [...DTYPES].sort());
  });

  it('are the names of transformers.js', async () => {
    for (const dtype of TRANSFORMERS_JS_DTYPES) {
      const files = await ModelRegistry.get_model_files('a/b', { config: bert as never, dtype: dtype as never });
      assert.equal(
        files.find((file) => file.endsWith('.onnx')),
        onnxFileNames(dtype)[0],
        dtype,
      );
    }
    assert.deepEqual(onnxFileNames('bf16'), []);
  });
});
