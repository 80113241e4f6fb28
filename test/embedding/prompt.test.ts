import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choosePrompt } from '../../src/embedding/prompt.ts';

const prompts = { query: 'Instruct: search\nQuery:', document: '' };
const none = { role: null, instruction: null };

describe('choosePrompt()', () => {
  it('uses the model’s own prompt for the role, and none without one', () => {
    assert.equal(choosePrompt({ ...none, role: 'query' }, prompts), prompts.query);
    assert.equal(choosePrompt({ ...none, role: 'document' }, prompts), '');
    assert.equal(choosePrompt({ ...none, role: 'document' }, {}), '');
    assert.equal(choosePrompt(none, prompts), '');
  });

  it('writes an instruction as the model card does, without a space after Query:', () => {
    assert.equal(choosePrompt({ role: null, instruction: 'Find cats' }, prompts), 'Instruct: Find cats\nQuery:');
    assert.equal(choosePrompt({ role: 'query', instruction: 'Find cats' }, prompts), 'Instruct: Find cats\nQuery:');
  });

  it('refuses an instruction for documents, and a query prompt that the model does not have', () => {
    assert.throws(() => choosePrompt({ role: 'document', instruction: 'x' }, prompts), {
      code: 'invalid_input',
      param: 'instruction',
    });
    assert.throws(() => choosePrompt({ ...none, role: 'query' }, {}), { code: 'invalid_input', param: 'input_type' });
  });
});
