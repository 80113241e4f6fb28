import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choosePrompt } from '../../../src/tasks/embedding/prompt.ts';

const prompts: Record<string, string> = { query: 'Instruct: search\nQuery:', document: '' };
const model = { prompts, defaultPrompt: '', takesInstructions: true };
const none = { role: null, instruction: null };

describe('choosePrompt()', () => {
  it('uses the model’s own prompt for the role, and none without one', () => {
    assert.equal(choosePrompt({ ...none, role: 'query' }, model), prompts.query);
    assert.equal(choosePrompt({ ...none, role: 'document' }, model), '');
    assert.equal(choosePrompt({ ...none, role: 'document' }, { ...model, prompts: {} }), '');
    assert.equal(choosePrompt(none, model), '');
  });

  it('puts the model’s default prompt before a text that asks for none', () => {
    const other = { ...model, defaultPrompt: 'passage: ' };
    assert.equal(choosePrompt(none, other), 'passage: ');
    assert.equal(choosePrompt({ ...none, role: 'document' }, other), '');
  });

  it('puts nothing before a document where the model has no prompt for documents, as sentence-transformers does', () => {
    const other = { ...model, prompts: { query: 'query: ' }, defaultPrompt: 'query: ' };
    assert.equal(choosePrompt({ ...none, role: 'document' }, other), '');
    assert.equal(choosePrompt({ ...none, role: 'query' }, other), 'query: ');
    assert.equal(choosePrompt(none, other), 'query: ');
  });

  it('refuses an instruction to a model that was not trained with any', () => {
    assert.throws(() => choosePrompt({ role: null, instruction: 'x' }, { ...model, takesInstructions: false }), {
      code: 'invalid_input',
      param: 'instruction',
    });
  });

  it('writes an instruction as the model card does, without a space after Query:', () => {
    assert.equal(choosePrompt({ role: null, instruction: 'Find cats' }, model), 'Instruct: Find cats\nQuery:');
    assert.equal(choosePrompt({ role: 'query', instruction: 'Find cats' }, model), 'Instruct: Find cats\nQuery:');
  });

  it('refuses an instruction for documents, and a query prompt that the model does not have', () => {
    assert.throws(() => choosePrompt({ role: 'document', instruction: 'x' }, model), {
      code: 'invalid_input',
      param: 'instruction',
    });
    assert.throws(() => choosePrompt({ ...none, role: 'query' }, { ...model, prompts: {} }), {
      code: 'invalid_input',
      param: 'input_type',
    });
  });
});
