import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type DescribeSettings, describeModel } from '../../src/formats/describe-model.ts';
import { resolveModel } from '../../src/model-files/resolve-model.ts';
import { assertNames } from '../support/assert-names.ts';
import { rerankerFolders } from '../support/reranker-references.ts';

describe('describeModel() of rerankers', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-reranker-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const copy = (name: string) => cpSync(path.join(rerankerFolders, name), folder, { recursive: true });
  const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const edit = (file: string, changes: object) =>
    writeFileSync(path.join(folder, file), JSON.stringify({ ...read(file), ...changes }));
  const describeIt = (settings: Partial<DescribeSettings> = {}) => describeModel({ name: 'copy', folder }, settings);
  const refused = async (names: readonly (string | RegExp)[], settings: Partial<DescribeSettings> = {}) => {
    await assert.rejects(describeIt(settings), (error: Error) => {
      assert.equal(error.name, 'StartError', error.message);
      assertNames(error.message, ...names);
      return true;
    });
  };

  it('asks what a language model without modules is for, and takes the answer', async () => {
    copy('causal-plain');
    await refused(['TASK=rerank', 'POOLING', 'Qwen3ForCausalLM']);
    assert.equal((await describeIt({ task: 'rerank' })).task, 'rerank');
    assert.equal((await describeIt({ pooling: 'last_token' })).task, 'embed');
    await refused(['POOLING'], { task: 'embed' });
  });

  it('knows published weights, but asks for their hash last', async () => {
    copy('causal-plain');
    const publishedTask = async () => 'rerank' as const;
    assert.equal((await describeIt({ publishedTask })).task, 'rerank');
    const publishedTaskNotAsked = () => assert.fail('asked');
    assert.equal((await describeIt({ publishedTask: publishedTaskNotAsked, task: 'rerank' })).task, 'rerank');
  });

  it('takes the template of a card for models of its architecture only', async () => {
    copy('logit-score-qwen2');
    assert.equal((await describeIt()).scoring?.template.source, 'chat_template.jinja');
    rmSync(path.join(folder, 'chat_template.jinja'));
    await refused(['qwen2', 'chat_template.jinja', 'query', 'document']);
  });

  it('takes the tokens of a card for models of its architecture only', async () => {
    copy('logit-score-qwen2');
    for (const file of [
      'modules.json',
      '1_LogitScore',
      'config_sentence_transformers.json',
      'sentence_bert_config.json',
    ]) {
      rmSync(path.join(folder, file), { recursive: true });
    }
    await refused(['1_LogitScore/config.json', 'tokens'], { task: 'rerank' });
  });

  it('refuses a TASK that the files contradict', async () => {
    copy('logit-score');
    await refused(['TASK=embed', 'reranker'], { task: 'embed' });
    await assert.rejects(describeModel(resolveModel('starter'), { task: 'rerank' }), /TASK=rerank, .*embedding model/);
  });

  it('refuses a pooling for a reranker, whoever says that it is one', async () => {
    copy('logit-score');
    await refused(['POOLING=mean', 'reranker'], { pooling: 'mean' });
    rmSync(folder, { recursive: true });
    copy('causal-plain');
    await refused(['POOLING=last_token', 'reranker'], { pooling: 'last_token', task: 'rerank' });
  });

  it('refuses sizes of vectors for a reranker', async () => {
    copy('logit-score');
    await refused(['MATRYOSHKA_DIMENSIONS=32,64', 'reranker'], { matryoshkaDimensions: [32, 64] });
  });

  it('refuses a classifier of several labels, and one that does not say how many it has', async () => {
    copy('seqcls');
    edit('config.json', { id2label: { 0: 'a', 1: 'b' } });
    await refused(['2 labels', 'id2label']);
    edit('config.json', { id2label: undefined, num_labels: undefined });
    await refused(['2 labels']);
  });

  it('refuses what its files say and nobody computes, by file and field', async () => {
    copy('logit-score');
    edit('1_LogitScore/config.json', { module_input_name: 'logits_of_something' });
    await refused(['1_LogitScore/config.json', 'module_input_name']);
    copy('logit-score');
    edit('1_LogitScore/config.json', { false_token_id: -1 });
    await refused(['1_LogitScore/config.json', 'false_token_id', '-1']);
    copy('logit-score');
    edit('config_sentence_transformers.json', { activation_fn: 'torch.nn.modules.activation.Tanh' });
    await refused(['config_sentence_transformers.json', 'activation_fn', 'Tanh']);
    copy('logit-score');
    rmSync(path.join(folder, '1_LogitScore'), { recursive: true });
    await refused(['1_LogitScore/config.json']);
  });

  it('refuses a template without the query, one that cannot be read, and one with tokens that are not there', async () => {
    copy('logit-score');
    const write = (template: string) => writeFileSync(path.join(folder, 'chat_template.jinja'), template);
    write("{{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first }}");
    await refused(['chat_template.jinja', 'query']);
    write("{% if 'query' %}");
    await refused(['chat_template.jinja', 'cannot be read']);
    rmSync(path.join(folder, 'chat_template.jinja'));
    const { added_tokens: added } = read('tokenizer.json') as { added_tokens: { content: string }[] };
    edit('tokenizer.json', { added_tokens: added.filter(({ content }) => content !== '</think>') });
    await refused(['</think>', 'chat_template.jinja']);
  });

  it('takes the white space around a text away where the template does', async () => {
    copy('logit-score');
    const of = (role: string) => `messages | selectattr("role", "eq", "${role}") | map(attribute="content") | first`;
    const template = `<|im_start|>{{ ${of('query')} | trim }}: {{ ${of('document')} }}<|im_end|>`;
    writeFileSync(path.join(folder, 'chat_template.jinja'), template);
    const { scoring } = await describeIt();
    assert.deepEqual(scoring?.template.parts, [
      { token: '<|im_start|>' },
      { words: [{ slot: 'query', trim: true }, ': ', { slot: 'document' }] },
      { token: '<|im_end|>' },
    ]);
    assert.equal(scoring?.template.instructedParts, null);
  });

  it('says where the template is from, and what is asked without an instruction', async () => {
    const facts = async (name: string) => {
      copy(name);
      const { scoring } = await describeIt({ task: 'rerank' });
      return [scoring?.template.source, scoring?.template.defaultInstruction];
    };
    const card = 'Given a web search query, retrieve relevant passages that answer the query';
    assert.deepEqual(await facts('causal-plain'), ['the model card of Qwen3-Reranker', card]);
    const own = 'Given a question, judge whether the passage answers it';
    assert.deepEqual(await facts('logit-score'), ['chat_template.jinja', own]);
  });
});
