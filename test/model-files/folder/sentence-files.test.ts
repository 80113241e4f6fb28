import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  cpSync(path.join(paddedFixtures, 'bert-cls-dense'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = () => describeModel({ name: 'copy', folder });
const write = (file: string, content: unknown) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), JSON.stringify(content));
};
const edit = (file: string, change: Record<string, unknown>) => {
  const before = existsSync(path.join(folder, file)) ? JSON.parse(readFileSync(path.join(folder, file), 'utf8')) : {};
  write(file, { ...before, ...change });
};

const TRANSFORMER = 'sentence_bert_config.json';
const SENTENCE = 'config_sentence_transformers.json';
const POOLING = '1_Pooling/config.json';
const DENSE = '2_Dense/config.json';
const NORMALIZE = '3_Normalize/config.json';
const text = { method: 'forward', method_output_name: 'last_hidden_state' };

/** Fields that sentence-transformers 5.7 and 6.2 read, with values that hotvec does not support; and unknown fields. */
const REFUSED: [file: string, change: Record<string, unknown>, named: string][] = [
  [TRANSFORMER, { transformer_task: 'fill-mask' }, 'transformer_task'],
  [TRANSFORMER, { transformer_task: 'sequence-classification' }, 'transformer_task'],
  [TRANSFORMER, { module_output_name: 'sentence_embedding' }, 'module_output_name'],
  [TRANSFORMER, { modality_config: { text: { ...text, method_output_name: 'pooler_output' } } }, 'method_output_name'],
  [
    TRANSFORMER,
    { modality_config: { text: { ...text, method_output_name: ['hidden_states', '-2'] } } },
    'method_output_name',
  ],
  [TRANSFORMER, { modality_config: { text: { ...text, method: 'get_text_features' } } }, 'method'],
  [TRANSFORMER, { modality_config: { text, message: { ...text, format: 'flat' } } }, 'message'],
  [TRANSFORMER, { modality_config: { image: text } }, 'image'],
  [TRANSFORMER, { modality_config: {} }, 'text'],
  [TRANSFORMER, { processing_kwargs: { text: { add_special_tokens: false } } }, 'add_special_tokens'],
  [TRANSFORMER, { processing_kwargs: { common: { add_special_tokens: false } } }, 'add_special_tokens'],
  [TRANSFORMER, { processing_kwargs: { text: { return_attention_mask: false } } }, 'return_attention_mask'],
  [TRANSFORMER, { processing_kwargs: { text: { max_length: 'long' } } }, 'length'],
  [TRANSFORMER, { processing_kwargs: { add_special_tokens: false } }, 'add_special_tokens'],
  [TRANSFORMER, { processing_kwargs: [] }, 'processing_kwargs'],
  [TRANSFORMER, { query_length: 32 }, 'query_length'],
  [TRANSFORMER, { document_length: 180 }, 'document_length'],
  [TRANSFORMER, { query_expansion: { strategy: 'fixed', length: 32 } }, 'query_expansion'],
  [TRANSFORMER, { tokenizer_name_or_path: 'bert-base-uncased' }, 'tokenizer_name_or_path'],
  [TRANSFORMER, { tokenizer_args: { do_lower_case: false } }, 'do_lower_case'],
  [TRANSFORMER, { processor_kwargs: { truncation_side: 'left' } }, 'truncation_side'],
  [TRANSFORMER, { config_args: { is_decoder: true } }, 'is_decoder'],
  [TRANSFORMER, { config_kwargs: { use_bidirectional_attention: true } }, 'use_bidirectional_attention'],
  [TRANSFORMER, { model_args: { load_in_8bit: true } }, 'load_in_8bit'],
  [TRANSFORMER, { model_kwargs: { quantization_config: {} } }, 'quantization_config'],
  [TRANSFORMER, { max_seq_length: '48' }, 'length'],
  [TRANSFORMER, { do_lower_case: 'yes' }, 'do_lower_case'],
  [TRANSFORMER, { sliding_window_overlap: 16 }, 'sliding_window_overlap'],
  [TRANSFORMER, { constructor: 1 }, 'constructor'],
  [SENTENCE, { truncate_dim: 0 }, 'truncate_dim'],
  [SENTENCE, { truncate_dim: '16' }, 'truncate_dim'],
  [SENTENCE, { truncate_dim: 16.5 }, 'truncate_dim'],
  [SENTENCE, { similarity_fn_name: 'maxsim' }, 'similarity_fn_name'],
  [SENTENCE, { model_type: 'SomethingNew' }, 'model_type'],
  [SENTENCE, { model_type: 'constructor' }, 'model_type'],
  [SENTENCE, { prompts: { query: ['query: '] } }, 'prompts\\.query'],
  [SENTENCE, { prompts: ['query: '] }, 'prompts'],
  [SENTENCE, { default_prompt_name: 7 }, 'default_prompt_name'],
  [SENTENCE, { default_prompt_name: 'constructor' }, 'default_prompt_name'],
  [SENTENCE, { query_prefix: '[Q] ' }, 'query_prefix'],
  [POOLING, { include_prompt: false }, 'include_prompt'],
  [POOLING, { include_prompt: 0 }, 'include_prompt'],
  [POOLING, { include_prompt: null }, 'include_prompt'],
  [POOLING, { pooling_mode_cls_token: 1 }, 'pooling_mode_cls_token'],
  [POOLING, { pooling_mode: 'attention' }, 'attention'],
  [POOLING, { pooling_mode: 'constructor' }, 'constructor'],
  [POOLING, { pooling_mode: null }, 'pooling mode object'],
  [POOLING, { skip_special_tokens: true }, 'skip_special_tokens'],
  [DENSE, { module_input_name: 'token_embeddings' }, 'module_input_name'],
  [DENSE, { module_output_name: 'token_embeddings' }, 'module_output_name'],
  [DENSE, { use_residual: true }, 'use_residual'],
  [DENSE, { activation_function: 'somebody.nn.Tanh' }, 'activation_function'],
  [DENSE, { activation_function: 'torch.nn.constructor' }, 'activation_function'],
  [DENSE, { bias: false }, 'bias'],
  [DENSE, { dropout: 0.1 }, 'dropout'],
  [NORMALIZE, { module_input_name: 'token_embeddings' }, 'module_input_name'],
  [NORMALIZE, { module_output_name: 'normalized' }, 'module_output_name'],
  [NORMALIZE, { p: 1 }, 'p'],
];

const EFFECTLESS: [file: string, change: Record<string, unknown>][] = [
  [
    TRANSFORMER,
    { transformer_task: 'feature-extraction', modality_config: { text }, module_output_name: 'token_embeddings' },
  ],
  [TRANSFORMER, { modality_config: { text: { ...text, method_output_name: ['last_hidden_state'] } } }],
  [TRANSFORMER, { unpad_inputs: false, query_length: null, document_length: null, query_expansion: null }],
  [TRANSFORMER, { processing_kwargs: { text: { padding: 'max_length', truncation: true, add_special_tokens: true } } }],
  [TRANSFORMER, { processing_kwargs: { image: { do_resize: true }, chat_template: { add_generation_prompt: true } } }],
  [TRANSFORMER, { model_args: { trust_remote_code: true, torch_dtype: 'bfloat16', attn_implementation: 'sdpa' } }],
  [TRANSFORMER, { tokenizer_args: { padding_side: 'left' }, config_args: { unpad_inputs: true } }],
  [SENTENCE, { __version__: { sentence_transformers: '6.2.0' }, requirements: { transformers: '>=5' } }],
  [SENTENCE, { similarity_fn_name: 'dot', model_type: 'SentenceTransformer', truncate_dim: null }],
  [SENTENCE, { truncate_dim: 24 }],
  [SENTENCE, { truncate_dim: 4096, _comment: 'more than there are' }],
  [
    POOLING,
    { include_prompt: true, word_embedding_dimension: 32, pooling_mode: 'cls', pooling_mode_mean_tokens: true },
  ],
  [DENSE, { module_input_name: 'sentence_embedding', module_output_name: null, use_residual: false }],
  [NORMALIZE, { module_input_name: 'sentence_embedding', module_output_name: 'sentence_embedding' }],
];

function addNormalize(): void {
  const modules = JSON.parse(readFileSync(path.join(folder, 'modules.json'), 'utf8'));
  write('modules.json', [...modules, { type: 'sentence_transformers.models.Normalize', path: '3_Normalize' }]);
}

describe('describeModel() of the files of sentence-transformers', () => {
  for (const [file, change, named] of REFUSED) {
    it(`refuses ${file} with ${JSON.stringify(change)}, naming file and field`, async () => {
      addNormalize();
      edit(file, change);
      await assert.rejects(load(), (error: Error) => {
        assert.equal(error.name, 'StartError');
        assert.match(error.message, new RegExp(`${file}.*${named}`));
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  for (const [file, change] of EFFECTLESS) {
    it(`takes ${file} with ${JSON.stringify(change)} for what changes no vector`, async () => {
      addNormalize();
      const before = await load();
      edit(file, change);
      assert.deepEqual(await load(), before);
    });
  }

  it('also checks a model whose graph does the pooling', async () => {
    cpSync(path.join(paddedFixtures, 'bert-pooled'), folder, { recursive: true });
    edit(TRANSFORMER, { processing_kwargs: { text: { add_special_tokens: false } } });
    await assert.rejects(load(), /add_special_tokens/);
    edit(TRANSFORMER, { processing_kwargs: {} });
    assert.equal((await load()).pooling, 'in_graph');
    edit(POOLING, { include_prompt: false });
    await assert.rejects(load(), /1_Pooling\/config\.json sets include_prompt to false/);
  });

  it('checks a model in safetensors, too', async () => {
    rmSync(folder, { recursive: true });
    cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
    write(TRANSFORMER, { processing_kwargs: { text: { add_special_tokens: false } } });
    await assert.rejects(load(), /sentence_bert_config\.json: processing_kwargs\.text: add_special_tokens is false/);
  });

  it('reads the limit wherever it stands, and the older names of the file after the one of today', async () => {
    for (const [limits, wanted] of [
      [{ max_seq_length: 40 }, 40],
      [{ max_seq_length: 40, processing_kwargs: { text: { max_length: 30 } } }, 30],
      // The call of the tokenizer counts, then its loading, then max_seq_length (sentence-transformers 5.7.0 and 6.2.0).
      [{ max_seq_length: 20, processing_kwargs: { text: { max_length: 30 } } }, 30],
      [{ max_seq_length: 20, processor_kwargs: { model_max_length: 35 } }, 35],
      [{ tokenizer_args: { model_max_length: 20 } }, 20],
      [{ processor_kwargs: { model_max_length: 20 }, max_seq_length: null }, 20],
    ] as const) {
      write(TRANSFORMER, limits);
      assert.equal((await load()).maxTokens, wanted);
    }
    write('sentence_xlm-roberta_config.json', { max_seq_length: 12, do_lower_case: true });
    assert.equal((await load()).maxTokens, 20);
    // sentence-transformers passes over an empty one.
    write(TRANSFORMER, {});
    assert.equal((await load()).maxTokens, 12);
    assert.match(JSON.stringify((await load()).tokenizer.changes), /Lowercase/);
    rmSync(path.join(folder, TRANSFORMER));
    write('sentence_distilbert_config.json', { max_seq_length: 13 });
    assert.equal((await load()).maxTokens, 13);
  });

  it('names a field that is nested too deeply to be shown', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const field of ['surprise', 'transformer_task']) {
      writeFileSync(path.join(folder, TRANSFORMER), `{"${field}": ${deep}}`);
      await assert.rejects(load(), { name: 'StartError', message: new RegExp(`${field} is nested too deeply`) });
    }
  });

  it('takes a prompt of null for none', async () => {
    edit(SENTENCE, { prompts: { query: 'query: ', document: null } });
    assert.deepEqual((await load()).prompts, { query: 'query: ', document: '' });
  });

  it('cuts vectors where truncate_dim says so, which another fingerprint shows', async () => {
    assert.equal((await load()).truncateDimension, null);
    edit(SENTENCE, { truncate_dim: 16 });
    assert.equal((await load()).truncateDimension, 16);
  });

  for (const [what, modules, message] of [
    [
      'code of others',
      [{ type: 'custom_st.Transformer', path: '' }],
      /modules\.json\[0\]: type is "custom_st\.Transformer"/,
    ],
    [
      'a Transformer in a folder of its own',
      [
        { type: 'sentence_transformers.models.Transformer', path: '0_Transformer' },
        { type: 'sentence_transformers.models.Pooling', path: '1_Pooling' },
      ],
      /the Transformer is in 0_Transformer;.*save_pretrained/,
    ],
    [
      'a folder outside',
      [{ type: 'sentence_transformers.models.Transformer', path: '../elsewhere' }],
      /path is "\.\.\/elsewhere"; hotvec supports only folders inside/,
    ],
    [
      'a field that nobody knows',
      [{ type: 'sentence_transformers.models.Transformer', path: '', when: 'query' }],
      /modules\.json\[0\]: when is "query"/,
    ],
    ['no type', [{ path: '' }], /modules\.json\[0\]: type is missing/],
  ] as const) {
    it(`refuses a module with ${what}`, async () => {
      write('modules.json', modules);
      await assert.rejects(load(), { name: 'StartError', message });
    });
  }

  it('ignores the arguments that a module accepts, since hotvec passes none', async () => {
    const modules = JSON.parse(readFileSync(path.join(folder, 'modules.json'), 'utf8'));
    write('modules.json', [{ ...modules[0], kwargs: ['task'] }, ...modules.slice(1)]);
    assert.equal((await load()).pooling, 'cls');
  });
});
