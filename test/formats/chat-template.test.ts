import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readChatTemplate } from '../../src/formats/chat-template.ts';
import type { Slot, TemplatePart } from '../../src/model-files/manifest.ts';
import { rerankerFolders } from '../support/reranker-references.ts';

interface Rendered {
  query: string;
  document: string;
  /** The text of the system message; null: none. */
  prompt: string | null;
  text: string;
}

interface ChatTemplates {
  eosToken: string;
  templates: { name: string; template: string; variables: Record<string, unknown>; rendered: Rendered[] }[];
}

const { eosToken, templates } = JSON.parse(
  readFileSync(path.join(rerankerFolders, 'chat-templates.json'), 'utf8'),
) as ChatTemplates;
const TOKENS = ['<|endoftext|>', '<|im_start|>', eosToken, '<think>', '</think>'];

describe('readChatTemplate()', () => {
  for (const { name, template, variables, rendered } of templates) {
    it(`makes of a pair what transformers makes of it: ${name}`, () => {
      for (const { query, document, prompt, text } of rendered) {
        const read = readChatTemplate({
          text: template,
          file: 'chat_template.jinja',
          variables: { ...variables, eos_token: eosToken },
          defaultPrompt: null,
          tokens: TOKENS,
        });
        const parts = prompt === null ? read.parts : (read.instructedParts ?? read.parts);
        assert.equal(textOf(parts ?? [], { instruction: prompt ?? '', query, document }), text);
      }
    });
  }
});

function textOf(parts: readonly TemplatePart[], texts: Readonly<Record<Slot, string>>): string {
  return parts
    .flatMap((part) => ('token' in part ? [part.token] : part.words))
    .map((word) => {
      if (typeof word === 'string') return word;
      return word.trim ? texts[word.slot].trim() : texts[word.slot];
    })
    .join('');
}
