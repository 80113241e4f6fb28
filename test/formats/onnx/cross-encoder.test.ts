import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Batch, toBatch } from '../../../src/engine/protocol.ts';
import type { EngineSupervisor } from '../../../src/engine/supervisor/supervisor.ts';
import { type DescribeSettings, describeModel } from '../../../src/formats/describe-model.ts';
import { type Dimension, ElementType, OnnxGraph } from '../../../src/formats/graph-writer/onnx-graph.ts';
import type { LoadedModel } from '../../../src/formats/model-format.ts';
import type { Dtype, ModelManifest } from '../../../src/model-files/manifest.ts';
import { checkScores } from '../../../src/tasks/reranking/check-scores.ts';
import { assertNames } from '../../support/assert-names.ts';
import { loadPadded, padded, paddedFixtures } from '../../support/padded-fixtures.ts';
import { referencePairs, rerankerFolders } from '../../support/reranker-references.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { realEngineEntry, superviseEngine } from '../../support/supervised-engine.ts';

const VOCABULARY = 169;

/**
 * A graph whose score is a mean of numbers of its tokens and their types.
 * @param masked whether padding is left out.
 */
function writeMeans(file: string, { masked, shape = ['batch', 1] }: { masked: boolean; shape?: Dimension[] }): void {
  const random = new SeededRandom(12);
  const graph = new OnnxGraph('means');
  const axis = (name: string, at: bigint) => graph.constant(name, ElementType.int64, [1], BigInt64Array.of(at));
  const width = shape.length === 1 ? 1 : Number(shape[1]);
  const table = Float32Array.from({ length: VOCABULARY * width }, () => random.next() * 8);
  const numbers = graph.constant('table', ElementType.float32, [VOCABULARY, width], table);
  const input = (name: string) => graph.input(name, ElementType.int64, ['batch', 'sequence']);
  const [ids, mask, types] = [input('input_ids'), input('attention_mask'), input('token_type_ids')];
  const asNumbers = (name: string) =>
    graph.node('Unsqueeze', [
      graph.node('Cast', [name], { attributes: { to: { int: ElementType.float32 } } }),
      axis(`of_${name}`, 2n),
    ]);
  const [weights, typed] = [asNumbers(mask), asNumbers(types)];
  const values = graph.node('Add', [graph.node('Gather', [numbers, ids]), typed]);
  const sequence = axis('sequence', 1n);
  const attributes = { keepdims: { int: 0 } };
  const sum = (name: string) => graph.node('ReduceSum', [name, sequence], { attributes });
  const mean = masked
    ? graph.node('Div', [sum(graph.node('Mul', [values, weights])), sum(weights)])
    : graph.node('ReduceMean', [values, sequence], { attributes });
  const outputs = [graph.output('logits', ElementType.float32, shape)];
  if (shape.length === 1) graph.node('Squeeze', [mean, axis('last', 1n)], { outputs });
  else graph.node('Identity', [mean], { outputs });
  writeFileSync(file, graph.serialize({ '': 21 }));
}

async function load(name: string, dtype: Dtype = 'fp32'): Promise<{ manifest: ModelManifest; model: LoadedModel }> {
  const manifest = await describeModel({ name, folder: path.join(rerankerFolders, name) });
  return { manifest, model: await loadPadded(manifest, dtype) };
}

describe('cross-encoders in other precisions', () => {
  for (const [dtype, tolerance] of [
    ['fp16', 5e-3],
    ['q8', 0.08],
  ] as const) {
    it(`give nearly the logits of PyTorch: ${dtype}`, async () => {
      const { model } = await load('bert-identity-older', dtype);
      const pairs = referencePairs('bert-identity-older');
      const { rows } = await model.run(toBatch(pairs.map(({ ids }) => ids)));
      const differences = pairs.map(({ logit }, i) => Math.abs((rows[i] as number) - logit));
      assert.ok(Math.max(...differences) < tolerance, `${Math.max(...differences)}`);
    });
  }

  it('give bit for bit the same score in any batch where quantization would let neighbors in', async () => {
    const { manifest, model } = await load('bert-identity-older', 'q8');
    assert.equal(padded(manifest).exports.q8?.isBatchDependent, true);
    const sequences = referencePairs('bert-identity-older').map(({ ids }) => ids);
    const { rows, computedTokens } = await model.run(toBatch(sequences));
    for (const [i, ids] of sequences.entries()) assert.equal((await model.run(toBatch([ids]))).rows[0], rows[i]);
    // Without padding.
    assert.equal(computedTokens, sequences.flat().length);
  });

  it('pass the check of themselves', async () => {
    for (const [name, dtype] of [
      ['bert-identity', 'fp32'],
      ['bert-identity-older', 'fp16'],
      ['bert-identity-older', 'q8'],
      ['xlm-roberta', 'fp32'],
    ] as const) {
      const { manifest, model } = await load(name, dtype);
      const run = (batch: Batch) => model.run(batch);
      const { difference } = await checkScores.pass(run, manifest, { device: 'cpu', dtype });
      assert.ok(difference < (dtype === 'fp16' ? 1e-2 : 1e-5), `${name} in ${dtype}: ${difference}`);
    }
  });
});

describe('a cross-encoder with a graph of another kind', () => {
  let folder: string;
  let engine: EngineSupervisor | undefined;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(rerankerFolders, 'bert-identity'), folder, { recursive: true });
    rmSync(path.join(folder, 'onnx'), { recursive: true });
    mkdirSync(path.join(folder, 'onnx'));
  });
  afterEach(async () => {
    await engine?.close();
    engine = undefined;
    rmSync(folder, { recursive: true });
  });
  const file = () => path.join(folder, 'onnx', 'model.onnx');
  const describeIt = (settings: Partial<DescribeSettings> = {}) => describeModel({ name: 'other', folder }, settings);
  const refused = (names: string[], settings: Partial<DescribeSettings> = {}) =>
    assert.rejects(describeIt(settings), (error: Error) => {
      assert.equal(error.name, 'StartError', error.message);
      assertNames(error.message, ...names);
      return true;
    });
  const edit = (name: string, changes: object) => {
    const place = path.join(folder, name);
    writeFileSync(place, JSON.stringify({ ...JSON.parse(readFileSync(place, 'utf8')), ...changes }));
  };

  it('is kept from serving if it lets padding into its scores', async () => {
    writeMeans(file(), { masked: false });
    ({ engine } = await superviseEngine(realEngineEntry, { manifest: await describeIt() }));
    await assert.rejects(engine.start(), { name: 'StartError', message: /The self-check failed.*wrong scores/ });
  });

  it('serves numbers with a dimension of their own and without, the same ones', async () => {
    const sequences = referencePairs('bert-identity').map(({ ids }) => ids);
    const found: number[][] = [];
    for (const shape of [['batch', 1], ['batch', 'one'], ['batch']] as const) {
      writeMeans(file(), { masked: true, shape: [...shape].map((size) => (size === 'one' ? 1 : size)) });
      const model = await loadPadded(await describeIt());
      found.push([...(await model.run(toBatch(sequences))).rows]);
    }
    assert.equal(found[0]?.length, sequences.length);
    assert.deepEqual(found[1], found[0]);
    assert.deepEqual(found[2], found[0]);
    // Types count in this graph: without them the numbers are others.
    const untyped = { ...(await describeIt()) };
    untyped.weights = { ...padded(untyped), tokenTypes: null };
    const { rows } = await (await loadPadded(untyped)).run(toBatch(sequences));
    assert.ok(rows.every((row, i) => row < (found[0]?.[i] as number) - 0.1));
  });

  it('is refused with several numbers, saying which', async () => {
    writeMeans(file(), { masked: true, shape: ['batch', 3] });
    await refused(['logits [?, 3]', 'logits [batch, 1]', '--task text-classification']);
    edit('config.json', { id2label: { 0: 'a', 1: 'b', 2: 'c' } });
    await refused(['3 labels', 'id2label']);
  });

  it('is refused with the hidden states of an embedding export, and the other way round', async () => {
    cpSync(path.join(paddedFixtures, 'bert-mean', 'onnx', 'model.onnx'), file());
    await refused(['last_hidden_state [?, ?, 32]', 'TASK']);
    await refused(['TASK=embed', 'reranker'], { task: 'embed' });
    const plain = path.join(folder, 'plain');
    cpSync(path.join(paddedFixtures, 'bert-mean'), plain, { recursive: true });
    await assert.rejects(describeModel({ name: 'plain', folder: plain }, { task: 'rerank' }), /TASK=rerank.*embedding/);
    rmSync(path.join(plain, 'modules.json'));
    await assert.rejects(describeModel({ name: 'plain', folder: plain }, { task: 'rerank' }), {
      name: 'StartError',
      message: /returns last_hidden_state \[\?, \?, 32\]; hotvec expects logits/,
    });
  });

  it('is refused where it is a language model, or nothing stands between two texts: both read a template', async () => {
    writeMeans(file(), { masked: true });
    edit('config.json', { architectures: ['Qwen3ForCausalLM'] });
    await refused(['Qwen3ForCausalLM', 'safetensors'], { task: 'rerank' });
    edit('config.json', { architectures: ['Qwen3ForSequenceClassification'] });
    edit('tokenizer_config.json', { tokenizer_class: 'PreTrainedTokenizerFast' });
    edit('tokenizer.json', { post_processor: null });
    await refused(['tokenizer.json', 'nothing between two texts']);
  });

  it('is refused for what its files say around the graph and nobody computes, by file and field', async () => {
    writeMeans(file(), { masked: true });
    edit('config.json', { sentence_transformers: { activation_fn: 'torch.nn.modules.activation.Tanh' } });
    await refused(['config.json', 'sentence_transformers.activation_fn', 'Tanh']);
    edit('config.json', { sentence_transformers: { something: 1 } });
    await refused(['config.json', 'sentence_transformers', 'something']);
    edit('config.json', { sentence_transformers: undefined });
    writeFileSync(path.join(folder, 'config_sentence_transformers.json'), '{"model_type":"CrossEncoder"}');
    const module = (i: number, type: string) => ({
      idx: i,
      name: `${i}`,
      path: '',
      type: `sentence_transformers.${type}`,
    });
    const modules = [module(0, 'models.Transformer'), module(1, 'models.Dense')];
    writeFileSync(path.join(folder, 'modules.json'), JSON.stringify(modules));
    await refused(['modules.json', 'Transformer, Dense', 'Transformer alone']);
    rmSync(path.join(folder, 'modules.json'));
    const prompts = { model_type: 'CrossEncoder', prompts: { query: 'q: ' }, default_prompt_name: 'query' };
    writeFileSync(path.join(folder, 'config_sentence_transformers.json'), JSON.stringify(prompts));
    await refused(['default_prompt_name']);
  });

  it('takes the activation where sentence-transformers takes it', async () => {
    writeMeans(file(), { masked: true });
    const [identity, sigmoid] = ['torch.nn.modules.linear.Identity', 'torch.nn.modules.activation.Sigmoid'];
    const activationOf = async (ofConfig: object, ofSentence: object) => {
      edit('config.json', { sentence_transformers: undefined, sbert_ce_default_activation_function: undefined });
      edit('config.json', ofConfig);
      const sentence = JSON.stringify({ model_type: 'CrossEncoder', ...ofSentence });
      writeFileSync(path.join(folder, 'config_sentence_transformers.json'), sentence);
      return (await describeIt()).scoring?.activation;
    };
    const older = { sbert_ce_default_activation_function: identity };
    assert.equal(await activationOf({}, {}), 'sigmoid');
    assert.equal(await activationOf(older, {}), 'identity');
    assert.equal(
      await activationOf({ sentence_transformers: { activation_fn: identity, version: '5.0' } }, {}),
      'identity',
    );
    assert.equal(await activationOf({ ...older, sentence_transformers: { activation_fn: null } }, {}), 'sigmoid');
    assert.equal(await activationOf({ ...older, sentence_transformers: { version: '5.0' } }, {}), 'identity');
    assert.equal(await activationOf(older, { activation_fn: sigmoid }), 'sigmoid');
    assert.equal(await activationOf({}, { activation_fn: identity }), 'identity');
    assert.equal(await activationOf(older, { activation_fn: null }), 'identity');
  });

  it('is refused where versions of transformers join texts differently, or give them other types', async () => {
    writeMeans(file(), { masked: true });
    const { post_processor } = JSON.parse(readFileSync(path.join(folder, 'tokenizer.json'), 'utf8'));
    const [cls, first, sep, second, end] = post_processor.pair;
    edit('tokenizer.json', { post_processor: { ...post_processor, pair: [cls, first, sep, sep, second, end] } });
    await refused(['post_processor', 'pair', 'BertTokenizer', 'PreTrainedTokenizerFast']);
    edit('tokenizer.json', { post_processor });
    edit('tokenizer_config.json', { tokenizer_class: 'PreTrainedTokenizerFast' });
    await refused(['model_input_names', 'token types']);
    edit('tokenizer_config.json', { model_input_names: ['input_ids', 'attention_mask'] });
    assert.equal(padded(await describeIt()).tokenTypes, null);
    edit('tokenizer_config.json', { model_input_names: ['input_ids', 'token_type_ids', 'attention_mask'] });
    assert.deepEqual(padded(await describeIt()).tokenTypes, { afterToken: 3, occurrence: 1 });
  });
});

describe('checkScores of a cross-encoder', () => {
  it('has pairs of two texts in it, as the tokenizer joins them', async () => {
    const { manifest, model } = await load('xlm-roberta');
    const batches: number[][][] = [];
    const run = (batch: Batch) => {
      const { offsets, tokenIds } = batch;
      batches.push(Array.from(offsets.slice(1), (end, i) => [...tokenIds.subarray(offsets[i], end)]));
      return model.run(batch);
    };
    await checkScores.pass(run, manifest, { device: 'cpu', dtype: 'fp32' });
    const [together = []] = batches;
    const long = together.filter(({ length }) => length > 4);
    assert.ok(long.length >= 2);
    for (const sequence of long) {
      const joint = sequence.findIndex((id, i) => id === 2 && sequence[i + 1] === 2);
      assert.ok(joint > 0 && joint < sequence.length - 2, `${sequence}`);
    }
    assert.ok(together.flat().every((id) => id !== manifest.selfCheck.paddingToken));
  });
});
