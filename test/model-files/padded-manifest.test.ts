import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../src/formats/describe-model.ts';
import { chooseDtype } from '../../src/formats/formats.ts';
import { namesOf, type Stage } from '../../src/formats/pooling/stages.ts';
import { fingerprintOf } from '../../src/model-files/fingerprint.ts';
import type { PoolingSetting } from '../../src/model-files/folder/choose-pooling.ts';
import type { Dtype, ModelManifest } from '../../src/model-files/manifest.ts';
import { packageRoot } from '../../src/package-info.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { padded, paddedFixtures, paddedManifest } from '../support/padded-fixtures.ts';

let folder: string;
const copy = (name: string) => cpSync(path.join(paddedFixtures, name), folder, { recursive: true });
const load = (pooling?: PoolingSetting): Promise<ModelManifest> =>
  describeModel({ name: 'copy', folder }, { ...(pooling && { pooling }) });
const write = (file: string, json: unknown) => writeFileSync(path.join(folder, file), JSON.stringify(json));
const edit = (file: string, change: Record<string, unknown>) =>
  write(file, { ...JSON.parse(readFileSync(path.join(folder, file), 'utf8')), ...change });
const remove = (file: string) => rmSync(path.join(folder, file), { recursive: true });
const setModules = (...kinds: string[]) =>
  write(
    'modules.json',
    kinds.map((kind, i) => ({ type: `sentence_transformers.models.${kind}`, path: i === 0 ? '' : `${i}_${kind}` })),
  );

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('describeModel() of a folder with ONNX graphs', () => {
  it('reads what each of the fixtures says of itself', async () => {
    const facts = async (name: string) => {
      const { pooling, normalize, hiddenSize, maxTokens, vocabularySize, matryoshkaMinimum, prompts, ...manifest } =
        await paddedManifest(name);
      const { exports, modelType, stages, padTokenId } = padded(manifest as ModelManifest);
      return {
        modelType,
        exports: Object.keys(exports).join(),
        pooling,
        dense: namesOf(stages).join(),
        normalize,
        sizes: [hiddenSize, maxTokens, vocabularySize, matryoshkaMinimum, padTokenId],
        prompts,
      };
    };
    const noPrompts = { query: '', document: '' };
    assert.deepEqual(await facts('bert-mean'), {
      modelType: 'bert',
      exports: 'fp32,fp16,q8',
      pooling: 'mean',
      dense: '',
      normalize: true,
      sizes: [32, 48, 320, null, 0],
      prompts: { query: 'query: ', document: '' },
    });
    assert.deepEqual(await facts('bert-cls-dense'), {
      modelType: 'bert',
      exports: 'fp32',
      pooling: 'cls',
      dense: 'tanh',
      normalize: false,
      sizes: [24, 48, 320, null, 0],
      prompts: noPrompts,
    });
    assert.deepEqual(await facts('bert-pooled'), {
      modelType: 'bert',
      exports: 'fp32',
      pooling: 'in_graph',
      dense: '',
      normalize: true,
      sizes: [24, 48, 320, null, 0],
      prompts: noPrompts,
    });
    assert.deepEqual(await facts('roberta-mean'), {
      modelType: 'roberta',
      exports: 'fp32',
      pooling: 'mean',
      dense: '',
      normalize: true,
      // 130 positions; RoBERTa never uses the first two.
      sizes: [32, 128, 320, null, 1],
      prompts: noPrompts,
    });
    assert.deepEqual(await facts('qwen3-decoder'), {
      modelType: 'qwen3',
      exports: 'fp32,fp16',
      pooling: 'last_token',
      dense: '',
      normalize: true,
      sizes: [32, 128, 320, 32, 0],
      prompts: {},
    });
  });

  it('finds data files, quantization that mixes a batch, and pooling, in the graphs themselves', async () => {
    const decoder = padded(await paddedManifest('qwen3-decoder')).exports;
    assert.deepEqual(decoder.fp32?.dataFiles, [path.join(paddedFixtures, 'qwen3-decoder/onnx/model.onnx_data')]);
    assert.deepEqual(decoder.fp16?.dataFiles, []);
    const bert = padded(await paddedManifest('bert-mean')).exports;
    assert.deepEqual(
      [bert.fp32, bert.fp16, bert.q8].map((one) => one?.isBatchDependent),
      [false, false, true],
    );
    assert.equal(bert.fp32?.isPooled, false);
    assert.equal(padded(await paddedManifest('bert-pooled')).exports.fp32?.isPooled, true);
  });

  it('prefers safetensors where it has a packed path for them and the precision', async () => {
    cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
    cpSync(path.join(paddedFixtures, 'qwen3-decoder', 'onnx'), path.join(folder, 'onnx'), { recursive: true });
    assert.equal((await load()).format, 'causal');
    const formatFor = async (dtype: Dtype) => (await describeModel({ name: 'copy', folder }, { dtype })).format;
    assert.equal(await formatFor('fp16'), 'causal');
    assert.equal(await formatFor('q4'), 'causal');
    cpSync(path.join(folder, 'onnx/model_fp16.onnx'), path.join(folder, 'onnx/model_q4.onnx'));
    assert.equal(await formatFor('q4'), 'onnx');
    remove('model.safetensors');
    assert.equal((await load()).format, 'onnx');
    assert.equal((await load()).leftAside, null);
  });

  it('takes the limit that sentence-transformers takes, and no more than the weights have positions', async () => {
    copy('bert-mean');
    const limits = async (config: object, tokenizer: object, transformer: object) => {
      edit('config.json', config as Record<string, unknown>);
      edit('tokenizer_config.json', tokenizer as Record<string, unknown>);
      write('sentence_bert_config.json', transformer);
      return (await load()).maxTokens;
    };
    const unlimited = { model_max_length: 1e30 };
    assert.equal(await limits({ max_position_embeddings: 512 }, unlimited, { max_seq_length: 256 }), 256);
    // Loading with max_seq_length sets model_max_length (sentence-transformers 5.7.0 and 6.2.0).
    assert.equal(await limits({}, { model_max_length: 128 }, { max_seq_length: 256 }), 256);
    assert.equal(await limits({}, { model_max_length: 128 }, { max_seq_length: null }), 128);
    assert.equal(await limits({}, { model_max_length: 128 }, { max_seq_length: 1e30 }), 512);
    assert.equal(await limits({}, unlimited, {}), 512);
    assert.equal(await limits({ model_type: 'xlm-roberta', pad_token_id: 1 }, unlimited, {}), 510);
    assert.equal(await limits({ model_type: 'mpnet', pad_token_id: 1 }, unlimited, { max_seq_length: null }), 510);
    edit('config.json', { max_position_embeddings: undefined });
    await assert.rejects(load(), /gives the maximum text length: add sentence_bert_config\.json/);
  });

  it('knows the sizes of other architectures by their own names', async () => {
    copy('bert-mean');
    const config = { hidden_size: undefined, num_hidden_layers: undefined, intermediate_size: undefined };
    edit('config.json', { ...config, model_type: 'distilbert', dim: 32, n_layers: 2, hidden_dim: 64 });
    assert.deepEqual((await load()).cost, {
      perRow: 2 * 2 * (4 * 32 ** 2 + 2 * 32 * 64),
      perSlotAndPosition: 4 * 2 * 32,
    });
    edit('config.json', { n_layers: undefined });
    await assert.rejects(load(), /num_hidden_layers, n_layers, n_layer, num_layers: one of them/);
  });

  it('serves smaller dimensions only where the model was trained for them', async () => {
    copy('bert-mean');
    edit('config.json', { matryoshka_dimensions: [32, 16, 8] });
    assert.equal((await load()).matryoshkaMinimum, 8);
    assert.deepEqual((await load()).matryoshkaDimensions, [8, 16, 32]);
    edit('config.json', { matryoshka_dimensions: undefined });
    assert.equal((await load()).matryoshkaMinimum, null);
    // As vLLM reads it: any size.
    edit('config.json', { is_matryoshka: true });
    assert.equal((await load()).matryoshkaMinimum, 1);
    edit('config.json', { matryoshka_dims: [16], is_matryoshka: null });
    assert.equal((await load()).matryoshkaMinimum, 16);
    edit('config.json', { matryoshka_dims: [], is_matryoshka: false });
    assert.equal((await load()).matryoshkaMinimum, null);
  });

  it('refuses an invalid size, naming the field', async () => {
    copy('bert-mean');
    for (const value of ['256', 256, [0], [1.5], ['8'], { 8: true }]) {
      edit('config.json', { matryoshka_dimensions: value });
      await assert.rejects(load(), /config\.json: matryoshka_dimensions is .*only an array of positive integers/);
    }
    edit('config.json', { matryoshka_dimensions: null, is_matryoshka: 'yes' });
    await assert.rejects(load(), /config\.json: is_matryoshka is "yes".*true, false or null/);
  });

  it('takes the sizes of MATRYOSHKA_DIMENSIONS before those of the folder, up to a whole vector', async () => {
    copy('bert-mean');
    edit('config.json', { matryoshka_dimensions: [16] });
    const withSizes = (matryoshkaDimensions: number[]) =>
      describeModel({ name: 'copy', folder }, { matryoshkaDimensions });
    const { matryoshkaMinimum, matryoshkaDimensions } = await withSizes([12, 8, 32]);
    assert.deepEqual([matryoshkaMinimum, matryoshkaDimensions], [8, [8, 12, 32]]);
    await assert.rejects(
      withSizes([8, 64]),
      /MATRYOSHKA_DIMENSIONS includes 64, but this model's vectors have only 32 components/,
    );
  });

  it('reads prompts: those of passages too, and the one that is put before every text', async () => {
    copy('bert-mean');
    const prompts = { query: 'q: ', passage: 'p: ' };
    edit('config_sentence_transformers.json', { prompts });
    assert.deepEqual((await load()).prompts, { ...prompts, document: 'p: ' });
    assert.equal((await load()).defaultPrompt, '');
    edit('config_sentence_transformers.json', { default_prompt_name: 'passage' });
    assert.equal((await load()).defaultPrompt, 'p: ');
    edit('config_sentence_transformers.json', { default_prompt_name: 'none' });
    await assert.rejects(load(), /default_prompt_name is none, but no prompt has that name/);
    // Every model has prompts of these names in sentence-transformers 5.7.0 and 6.2.0, empty ones.
    for (const name of ['query', 'document']) {
      edit('config_sentence_transformers.json', { prompts: {}, default_prompt_name: name });
      assert.equal((await load()).defaultPrompt, '');
    }
  });

  it('puts texts into lower case where the model says so, and takes instructions where it was trained with them', async () => {
    copy('bert-mean');
    assert.deepEqual([(await load()).tokenizer.changes, (await load()).takesInstructions], [null, false]);
    edit('sentence_bert_config.json', { do_lower_case: true });
    const { normalizer } = (await load()).tokenizer.changes as { normalizer: { normalizers: { type: string }[] } };
    assert.deepEqual(
      normalizer.normalizers.map(({ type }) => type),
      ['Lowercase', 'BertNormalizer'],
    );
    assert.equal((await paddedManifest('qwen3-decoder')).takesInstructions, true);
  });

  it('asks for POOLING where the folder does not say it, and takes no other where it does', async () => {
    copy('bert-mean');
    await assert.rejects(load('cls'), /POOLING=cls, but the model's own files say mean/);
    assert.equal((await load('mean')).pooling, 'mean');
    remove('modules.json');
    await assert.rejects(load(), /no modules\.json, .* set POOLING to what its model card says/);
    const told = await load('cls');
    assert.deepEqual([told.pooling, told.normalize], ['cls', true]);
    await assert.rejects(
      load('in_graph'),
      /the model has no sentence_embedding output\. Set POOLING to what its model card/,
    );
  });

  it('serves a graph that does its own pooling without modules.json only if told to, and says what may be missing', async () => {
    copy('bert-pooled');
    remove('modules.json');
    edit('config.json', { hidden_size: 24 });
    await assert.rejects(load(), (error: Error) => {
      assert.equal(error.name, 'StartError');
      assert.match(error.message, /no modules\.json.* does its own pooling/);
      assert.match(
        error.message,
        /prompts, the default prompt \(config_sentence_transformers\.json\) and the length limit/,
      );
      assert.match(error.message, /optimum-cli export onnx --model FOLDER --task feature-extraction FOLDER\/onnx/);
      assert.match(error.message, /set POOLING=in_graph/);
      return true;
    });
    const told = await load('in_graph');
    assert.deepEqual([told.pooling, told.hiddenSize, told.normalize], ['in_graph', 24, true]);
    await assert.rejects(load('mean'), /POOLING=mean, but the ONNX graph does its own pooling\. Set POOLING=in_graph/);
  });

  it('needs no leave beside modules.json, and takes it', async () => {
    copy('bert-pooled');
    assert.equal((await load()).pooling, 'in_graph');
    assert.equal((await load('in_graph')).pooling, 'in_graph');
    await assert.rejects(load('mean'), /POOLING=mean, but the ONNX graph does its own pooling\. Unset POOLING/);
    rmSync(folder, { recursive: true });
    copy('bert-mean');
    await assert.rejects(load('in_graph'), /the model has no sentence_embedding output\. Unset POOLING/);
  });

  it('refuses graphs of both kinds where nothing says how to pool', async () => {
    copy('bert-mean');
    cpSync(path.join(paddedFixtures, 'bert-pooled', 'onnx', 'model.onnx'), path.join(folder, 'onnx', 'model.onnx'));
    assert.equal((await load()).pooling, 'mean');
    remove('modules.json');
    await assert.rejects(load('mean'), /some of its ONNX graphs do their own pooling and some do not/);
  });

  it('reads pooling as sentence-transformers wrote it before 5.2, and since', async () => {
    copy('bert-mean');
    for (const [config, pooling] of [
      [{ pooling_mode_cls_token: true }, 'cls'],
      [{ pooling_mode_max_tokens: true, pooling_mode_mean_tokens: false }, 'max'],
      [{ pooling_mode_mean_sqrt_len_tokens: true }, 'mean_sqrt_len'],
      [{ pooling_mode_lasttoken: true }, 'last_token'],
      [{ pooling_mode: 'lasttoken' }, 'last_token'],
      [{ pooling_mode_weightedmean_tokens: true }, 'weighted_mean'],
      [{ pooling_mode: 'weightedmean' }, 'weighted_mean'],
      [{ pooling_mode: ['mean'], include_prompt: true }, 'mean'],
    ] as const) {
      write('1_Pooling/config.json', config);
      assert.equal((await load()).pooling, pooling);
    }
  });

  for (const [what, name, change, message] of [
    [
      'weights for which there is no path',
      'bert-mean',
      () => remove('onnx'),
      /It has no model\.safetensors\. It has no onnx\/model\.onnx\..*optimum-cli export onnx/,
    ],
    [
      'no weights of a Qwen3 model',
      'qwen3-decoder',
      () => remove('onnx'),
      /no model\.safetensors\. .*no onnx\/model\.onnx/,
    ],
    ['no tokenizer.json', 'bert-mean', () => remove('tokenizer.json'), /no tokenizer\.json .*use_fast=True/],
    ['an image model', 'bert-mean', () => setModules('CLIPModel'), /lists CLIPModel; hotvec supports Transformer/],
    [
      'pooling by weights',
      'bert-mean',
      () => setModules('Transformer', 'WeightedMeanPooling'),
      /lists Transformer, WeightedMeanPooling/,
    ],
    [
      'modules in another order',
      'bert-mean',
      () => setModules('Transformer', 'Pooling', 'Normalize', 'Dense'),
      /lists Transformer, Pooling, Normalize, Dense/,
    ],
    [
      'a pooling mode that it does not have',
      'bert-mean',
      () => write('1_Pooling/config.json', { pooling_mode: 'attention' }),
      /sets pooling mode attention; hotvec supports exactly one of cls, max, mean/,
    ],
    [
      'several pooling modes at once',
      'bert-mean',
      () => write('1_Pooling/config.json', { pooling_mode: ['cls', 'mean'] }),
      /sets pooling mode cls and pooling mode mean/,
    ],
    ['no pooling mode', 'bert-mean', () => write('1_Pooling/config.json', {}), /sets no pooling mode/],
    ['no pooling config', 'bert-mean', () => remove('1_Pooling'), /no 1_Pooling\/config\.json/],
    [
      'pooling without the prompt',
      'bert-mean',
      () => edit('1_Pooling/config.json', { include_prompt: false }),
      /include_prompt to false/,
    ],
    [
      'pickled Dense weights',
      'bert-cls-dense',
      () => renameSync(path.join(folder, '2_Dense/model.safetensors'), path.join(folder, '2_Dense/pytorch_model.bin')),
      /2_Dense has its weights only in pytorch_model\.bin, a pickle/,
    ],
    [
      'no Dense weights',
      'bert-cls-dense',
      () => remove('2_Dense/model.safetensors'),
      /2_Dense has no model\.safetensors/,
    ],
    ['no Dense config', 'bert-cls-dense', () => remove('2_Dense/config.json'), /no 2_Dense\/config\.json/],
    [
      'an activation that it does not have',
      'bert-cls-dense',
      () => edit('2_Dense/config.json', { activation_function: 'torch.nn.modules.activation.Mish' }),
      /activation_function is "torch\.nn\.modules\.activation\.Mish"; .* Tanh/,
    ],
    [
      'Dense on tokens',
      'bert-cls-dense',
      () => edit('2_Dense/config.json', { module_input_name: 'token_embeddings' }),
      /module_input_name is "token_embeddings"/,
    ],
    [
      'Dense of another size',
      'bert-cls-dense',
      () => edit('config.json', { hidden_size: 31 }),
      /its input rows have 31 components/,
    ],
    [
      'missing data',
      'qwen3-decoder',
      () => remove('onnx/model.onnx_data'),
      /in onnx\/model\.onnx_data, which is missing/,
    ],
    [
      'a Git LFS pointer',
      'bert-mean',
      () =>
        writeFileSync(
          path.join(folder, 'onnx/model.onnx'),
          'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
        ),
      /model\.onnx is a Git LFS pointer/,
    ],
    [
      'a graph that is empty',
      'bert-mean',
      () => writeFileSync(path.join(folder, 'onnx/model.onnx'), ''),
      /not an ONNX graph/,
    ],
    ['no vocabulary size', 'bert-mean', () => edit('config.json', { vocab_size: 'many' }), /vocab_size is "many"/],
    [
      'model2vec',
      'bert-mean',
      () => edit('config.json', { model_type: 'model2vec' }),
      /no weights .* It is a static embedding model \(model2vec\), whose texts are averaged without unknown tokens/,
    ],
  ] as const) {
    it(`refuses ${what}, saying so in one line`, async () => {
      copy(name);
      change();
      await assert.rejects(load(), (error: Error) => {
        assert.equal(error.name, 'StartError');
        assert.match(error.message, message);
        assert.equal(error.message.includes('\n'), false);
        return true;
      });
    });
  }
});

describe('describeModel() of a folder that is not what it says', () => {
  it('calls a graph by what it computes, where its name says no precision', async () => {
    copy('bert-mean');
    for (const file of ['model.onnx', 'model_fp16.onnx']) remove(`onnx/${file}`);
    renameSync(path.join(folder, 'onnx/model_quantized.onnx'), path.join(folder, 'onnx/model.onnx'));
    const manifest = await load();
    assert.deepEqual(Object.keys(padded(manifest).exports), ['q8']);
    assert.throws(() => chooseDtype(manifest, 'cpu', 'fp32'), { message: /available there: q8\./ });
  });

  it('uses only the files that were verified, where the folder is a snapshot of a hub', async () => {
    copy('bert-mean');
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const files = new Set(names.filter((name) => name !== path.join('onnx', 'model.onnx') && name !== 'modules.json'));
    await assert.rejects(describeModel({ name: 'copy', folder, files }), { message: /has no modules\.json/ });
    const manifest = await describeModel({ name: 'copy', folder, files: files.add('modules.json') });
    assert.deepEqual(Object.keys(padded(manifest).exports), ['fp16', 'q8']);
  });

  for (const [what, tokenizer, message] of [
    [
      'more tokens than the model',
      path.join(packageRoot, 'models', 'starter'),
      /it has \d+ tokens, but the model has embeddings of \d+\./,
    ],
    [
      'other special tokens',
      path.join(paddedFixtures, 'roberta-mean'),
      /it has no token \[CLS\], which tokenizer_config/,
    ],
  ] as const) {
    it(`refuses a tokenizer with ${what}`, async () => {
      copy('bert-mean');
      cpSync(path.join(tokenizer, 'tokenizer.json'), path.join(folder, 'tokenizer.json'));
      edit('tokenizer_config.json', { tokenizer_class: 'PreTrainedTokenizerFast' });
      const { tokenizerFile, vocabularySize, namedTokens } = await load();
      const options = { needsEndToken: false, vocabularySize, namedTokens };
      await assert.rejects(loadNativeTokenizer(tokenizerFile, options), { name: 'StartError', message });
      await loadNativeTokenizer(path.join(paddedFixtures, 'bert-mean', 'tokenizer.json'), options);
    });
  }
});

describe('fingerprintOf() an ONNX export', () => {
  it('changes with anything that changes a vector, and with nothing else', async () => {
    copy('bert-cls-dense');
    const fingerprint = async (dtype: 'fp32' | 'fp16' = 'fp32') => fingerprintOf(await load(), dtype);
    const seen = [await fingerprint()];
    write('README.md', 'nothing');
    assert.equal(await fingerprint(), seen[0]);
    const flip = (file: string) => {
      const bytes = readFileSync(path.join(folder, file));
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      writeFileSync(path.join(folder, file), bytes);
    };
    cpSync(path.join(folder, 'model.onnx'), path.join(folder, 'model_fp16.onnx'));
    seen.push(await fingerprint('fp16'));
    for (const change of [
      () => flip('2_Dense/model.safetensors'),
      () => edit('2_Dense/config.json', { activation_function: 'torch.nn.modules.activation.ReLU' }),
      () => write('1_Pooling/config.json', { pooling_mode: 'mean' }),
      () => edit('tokenizer.json', { truncation: null }),
      () => edit('tokenizer_config.json', { do_lower_case: false }),
      () => edit('sentence_bert_config.json', { do_lower_case: true }),
      () => edit('config_sentence_transformers.json', { prompts: { query: 'q: ' } }),
      () => edit('config_sentence_transformers.json', { default_prompt_name: 'query' }),
    ]) {
      change();
      seen.push(await fingerprint());
    }
    assert.equal(new Set(seen).size, seen.length);
  });

  it('tells the order of Dense modules, and not where the files came from', async () => {
    copy('bert-cls-dense');
    const manifest = await load();
    const dense = padded(manifest).stages[0] as Stage;
    const other = path.join(folder, 'other.safetensors');
    writeFileSync(other, 'other weights');
    const second = { ...dense, weight: { ...dense.weight, file: other } };
    const of = (...stages: Stage[]) => fingerprintOf({ ...manifest, weights: { ...padded(manifest), stages } }, 'fp32');
    assert.notEqual(await of(dense, second), await of(second, dense));
    assert.equal(await fingerprintOf({ ...manifest, revision: 'a'.repeat(40) }, 'fp32'), await of(dense));
  });

  it('covers the data files of the graph', async () => {
    copy('qwen3-decoder');
    const before = await fingerprintOf(await load(), 'fp32');
    const file = path.join(folder, 'onnx/model.onnx_data');
    const bytes = readFileSync(file);
    bytes[100] = (bytes[100] as number) ^ 1;
    writeFileSync(file, bytes);
    assert.notEqual(await fingerprintOf(await load(), 'fp32'), before);
  });
});
