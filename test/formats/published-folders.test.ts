import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { architectureOf as decoderOf } from '../../src/formats/causal/architectures.ts';
import { architectureOf as encoderOf } from '../../src/formats/encoder/architectures.ts';
import { chooseFiles, recognizeModel } from '../../src/formats/recognize-model.ts';
import { maxTokensOf } from '../../src/model-files/folder/max-tokens.ts';
import type { ModelFiles } from '../../src/model-files/folder/model-files.ts';
import type { Json } from '../../src/model-files/folder/read-json.ts';
import { assertNames } from '../support/assert-names.ts';
import { tinyGraph } from '../support/pulled-model.ts';
import { fixtures } from '../support/starter.ts';

interface Published {
  model: string;
  files: Record<string, unknown>;
  weights: string[];
  tokenizer: string;
  tokenizerFile?: string;
}

const folder = path.join(fixtures, 'published-folders');
const read = (name: string) => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as Published;
const auto = { weights: 'auto', dtype: 'auto' } as const;
const WEIGHTS = 'model.safetensors';
/** Where nothing but MAX_INPUT_TOKENS limits a text. */
const NO_LIMIT = null;

/** Tokens of the longest text, as sentence-transformers takes it of the same folder, and the weights that are fetched. */
const SERVED: Record<
  string,
  [format: string, task: 'embed' | 'rerank', maxTokens: number | null, ...weights: string[]]
> = {
  'all-MiniLM-L6-v2': ['encoder', 'embed', 256, WEIGHTS],
  'all-mpnet-base-v2': ['encoder', 'embed', 384, WEIGHTS],
  'paraphrase-multilingual-MiniLM-L12-v2': ['encoder', 'embed', 128, WEIGHTS],
  LaBSE: ['encoder', 'embed', 256, WEIGHTS, '2_Dense/model.safetensors'],
  'distiluse-base-multilingual-cased-v2': ['encoder', 'embed', 128, WEIGHTS, '2_Dense/model.safetensors'],
  'all-distilroberta-v1': ['encoder', 'embed', 512, WEIGHTS],
  'msmarco-distilbert-base-tas-b': ['encoder', 'embed', 512, WEIGHTS],
  'rubert-tiny2': ['encoder', 'embed', 512, WEIGHTS],
  'paraphrase-TinyBERT-L6-v2': ['encoder', 'embed', 128, WEIGHTS],
  'bge-small-en-v1.5': ['encoder', 'embed', 512, WEIGHTS],
  'bge-small-zh-v1.5': ['encoder', 'embed', 512, WEIGHTS],
  'multilingual-e5-small': ['encoder', 'embed', 512, WEIGHTS],
  'multilingual-e5-large-instruct': ['encoder', 'embed', 512, WEIGHTS],
  'gte-base': ['encoder', 'embed', 512, WEIGHTS],
  'mxbai-embed-large-v1': ['encoder', 'embed', 512, WEIGHTS],
  'snowflake-arctic-embed-l-v2.0': ['encoder', 'embed', 8192, WEIGHTS],
  'modernbert-embed-base': ['encoder', 'embed', 8192, WEIGHTS],
  'granite-embedding-small-english-r2': ['encoder', 'embed', 8192, WEIGHTS],
  'nomic-embed-text-v1.5': ['encoder', 'embed', 8192, WEIGHTS],
  'embeddinggemma-300m': ['encoder', 'embed', 2048, WEIGHTS, '2_Dense/model.safetensors', '3_Dense/model.safetensors'],
  'e5-mistral-7b-instruct': ['causal', 'embed', 4096, WEIGHTS],
  'jina-code-embeddings-0.5b': ['causal', 'embed', 32768, WEIGHTS],
  'bge-reranker-v2-m3': ['encoder', 'rerank', 8192, WEIGHTS],
  'ms-marco-MiniLM-L6-v2': ['encoder', 'rerank', 512, WEIGHTS],
  'gte-reranker-modernbert-base': ['encoder', 'rerank', 8192, WEIGHTS],
  'potion-base-8M': ['static', 'embed', NO_LIMIT, WEIGHTS],
  'static-retrieval-mrl-en-v1': ['static', 'embed', NO_LIMIT, '0_StaticEmbedding/model.safetensors'],
};

/** What the refusal names, so that its reader knows what to do. */
const REFUSED: Record<string, (string | RegExp)[]> = {
  'bge-m3': ['pytorch_model.bin', 'save_pretrained'],
  'gte-multilingual-base': ['model_type', '"new"', 'optimum-cli export onnx'],
  'gte-Qwen2-1.5B-instruct': ['tokenizer_config.json', 'auto_map', 'add_eos_token', 'save_pretrained'],
  'nomic-embed-text-v2-moe': ['num_experts is 8'],
  'jina-embeddings-v2-base-en': ['config.json: auto_map', 'jina-bert-implementation'],
  'jina-embeddings-v3': ['modules.json', 'custom_st.Transformer'],
  'jina-reranker-v2-base-multilingual': ['config.json: auto_map', 'XLMRobertaFlashConfig'],
  'NV-Embed-v2': ['model_type', '"nvembed"'],
  'GritLM-7B': ['config.json: auto_map', 'MistralModel', 'is_causal'],
  llm2vec: ['config.json: architectures', 'LlamaBiModel'],
  'sentence-t5-base': ['model_type', '"t5"'],
  'colbertv2.0': ['HF_ColBERT', 'multi-vector'],
  'average_word_embeddings_glove.6B.300d': ['config.json', 'WordEmbeddings'],
};

describe('Folders as model hubs have them', () => {
  let graph: string;
  before(() => {
    graph = path.join(mkdtempSync(path.join(tmpdir(), 'hotvec-')), 'model.onnx');
    writeFileSync(graph, tinyGraph('last_hidden_state', 0));
  });
  after(() => rmSync(path.dirname(graph), { recursive: true }));

  function filesOf({ model, files, weights, tokenizer, tokenizerFile = 'tokenizer.json' }: Published): ModelFiles {
    const source = path.join(fixtures, 'encoder-folders', tokenizer, 'tokenizer.json');
    const json: Record<string, unknown> = { ...files, [tokenizerFile]: JSON.parse(readFileSync(source, 'utf8')) };
    const names = new Set([...Object.keys(json), ...weights]);
    return {
      name: model,
      has: (file) => names.has(file),
      list: () => names,
      readJson: async (file) => json[file],
      locate: async (file) => (file.endsWith('.onnx') ? graph : assert.fail(`${file} is not needed yet`)),
    };
  }

  it('are all in one of the two lists', () => {
    const names = readdirSync(folder).filter((file) => file.endsWith('.json'));
    assert.deepEqual(
      names.map((file) => path.basename(file, '.json')).sort(),
      Object.keys({ ...SERVED, ...REFUSED }).sort(),
    );
  });

  for (const [name, [format, task, maxTokens, ...weights]] of Object.entries(SERVED)) {
    it(`${name}: ${format}, ${task}`, async () => {
      const files = filesOf(read(name));
      const recognized = await recognizeModel(files, auto);
      assert.equal(recognized.format.name, format);
      assert.equal(recognized.task, task);
      const { chosen } = await chooseFiles(files, auto);
      assert.deepEqual(chosen.filter((file) => /\.(safetensors|onnx|bin)$/.test(file)).sort(), weights.sort());
      if (maxTokens === NO_LIMIT) return;
      const { config, sentence } = recognized;
      const positions =
        format === 'encoder'
          ? encoderOf(config.model_type)?.readConfig(config).positions
          : decoderOf(config.model_type)?.readConfig(config).maxPositions;
      const tokenizerConfig = (await files.readJson('tokenizer_config.json')) as Json;
      const { maxLength } = sentence.transformer;
      assert.equal(maxTokensOf({ positions, config, tokenizerConfig, maxLength }), maxTokens);
    });
  }

  for (const [name, facts] of Object.entries(REFUSED)) {
    it(`${name}: refused before its weights are fetched, with the reason`, async () => {
      await assert.rejects(recognizeModel(filesOf(read(name)), auto), (error: Error) => {
        assert.equal(error.name, 'StartError', error.stack);
        assertNames(error.message, ...facts);
        return true;
      });
    });
  }

  it('are computed from their export where code of the repository computes the safetensors', async () => {
    const jina = read('jina-embeddings-v2-base-en');
    const { format, leftAside } = await recognizeModel(
      filesOf({ ...jina, weights: [...jina.weights, 'onnx/model.onnx'] }),
      auto,
    );
    assert.equal(format.name, 'onnx');
    assertNames(leftAside?.reason ?? '', 'config.json: auto_map', 'jina-bert-implementation');
  });
});
