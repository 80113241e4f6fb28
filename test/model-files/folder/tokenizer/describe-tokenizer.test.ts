import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../../../../src/model-files/folder/read-json.ts';
import {
  describeTokenizer,
  type TokenizerSources,
} from '../../../../src/model-files/folder/tokenizer/describe-tokenizer.ts';
import { loadNativeTokenizer } from '../../../../src/tokenization/native-tokenizer.ts';
import { fixtures } from '../../../support/starter.ts';

/** A folder's files, and the ids that transformers gives; null: it does not load them. */
interface ClassCase {
  name: string;
  base: string;
  change: Json;
  tokenizer_config: Json | null;
  config: Json;
  /** `do_lower_case` of sentence_bert_config.json. */
  lowercase: boolean;
  files: { special_tokens_map?: Json; added_tokens?: Json };
  version4: number[][] | null;
  version5: number[][] | null;
}

const { texts, bases, cases } = JSON.parse(
  readFileSync(path.join(fixtures, 'tokenizer-classes', 'cases.json'), 'utf8'),
) as { texts: string[]; bases: Record<string, Json>; cases: ClassCase[] };
let folder: string;

/** A copy of a tokenizer.json with some fields, named by their path, changed. */
function changed(base: string, change: Json): Json {
  const json = structuredClone(bases[base] as Json);
  for (const [field, value] of Object.entries(change)) {
    const steps = field.split('.');
    const last = steps.pop() as string;
    steps.reduce((place, step) => place[step] as Json, json)[last] = value;
  }
  return json;
}

function sourcesOf(one: ClassCase): TokenizerSources {
  return {
    tokenizer: changed(one.base, one.change),
    tokenizerConfig: one.tokenizer_config ?? undefined,
    config: one.config,
    specialTokensMap: one.files.special_tokens_map,
    addedTokens: one.files.added_tokens,
    lowercase: one.lowercase,
  };
}

async function idsOf(sources: TokenizerSources): Promise<number[][]> {
  const { changes, disputed } = describeTokenizer(sources);
  const file = path.join(folder, 'tokenizer.json');
  writeFileSync(file, JSON.stringify(sources.tokenizer));
  const tokenizer = await loadNativeTokenizer(file, { needsEndToken: false, changes, disputed });
  return (await tokenizer.tokenize(texts)).map(({ ids }) => Array.from(ids));
}

describe('describeTokenizer()', () => {
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const one of cases) {
    const { name, version4, version5 } = one;
    const isSame = JSON.stringify(version4) === JSON.stringify(version5);
    const right = version4 === null ? version5 : version4;
    if (name.endsWith('new, add_prefix_space')) {
      // Version 4 wants tokenizer.model for it, which the folder lacks.
      it(`refuses by name what is built from another file: ${name}`, async () => {
        await assert.rejects(idsOf(sourcesOf(one)), /tokenizer_class is "LlamaTokenizer".*SentencePiece file/);
      });
    } else if (isSame || version4 === null || version5 === null) {
      it(`gives the ids of transformers: ${name}`, async () => {
        assert.deepEqual(await idsOf(sourcesOf(one)), right);
      });
    } else {
      it(`refuses by name what two versions of transformers read differently: ${name}`, async () => {
        await assert.rejects(idsOf(sourcesOf(one)), /(tokenizer_class is|stands for).*disagree/);
      });
      const config = one.tokenizer_config;
      if (config === null || config.added_tokens_decoder !== undefined) continue;
      it(`gives the ids of version 5 where version 5 saved the folder: ${name}`, async () => {
        const saved = { ...one, tokenizer_config: { ...config, backend: 'tokenizers' } };
        assert.deepEqual(await idsOf(sourcesOf(saved)), version5);
      });
    }
  }

  it('refuses token types other than 0, which version 4 hands to the model and version 5 does not', () => {
    const single = [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 1 } },
      { SpecialToken: { id: '[SEP]', type_id: 1 } },
    ];
    const before = (bases['word-piece'] as { post_processor: Json }).post_processor;
    const sources = (settings: Json, processor: Json): TokenizerSources => ({
      tokenizer: changed('word-piece', { post_processor: processor }),
      tokenizerConfig: { tokenizer_class: 'PreTrainedTokenizerFast', ...settings },
      config: { model_type: 'bert' },
      specialTokensMap: undefined,
      addedTokens: undefined,
      lowercase: false,
    });
    const typed = { ...before, single };
    assert.throws(() => describeTokenizer(sources({}, typed)), /post_processor gives a text a type_id other than 0/);
    assert.throws(
      () => describeTokenizer(sources({}, { type: 'Sequence', processors: [{ type: 'ByteLevel' }, typed] })),
      /type_id other than 0/,
    );
    const inputs = { model_input_names: ['input_ids', 'attention_mask'] };
    assert.equal(describeTokenizer(sources(inputs, typed)).changes, null);
    assert.equal(describeTokenizer(sources({}, before)).changes, null);
  });

  it('refuses an added token whose spelling sentence-transformers changes after it was read, saying which file is to blame', () => {
    const token = { id: 300, content: '[Extra]', normalized: true, special: false };
    const added = (bases['byte-bpe'] as { added_tokens: Json[] }).added_tokens;
    const describe = (lowercase: boolean, content: string) =>
      describeTokenizer({
        tokenizer: changed('byte-bpe', { added_tokens: [...added, { ...token, content }] }),
        tokenizerConfig: { tokenizer_class: 'PreTrainedTokenizerFast' },
        config: { model_type: 'modernbert' },
        specialTokensMap: undefined,
        addedTokens: undefined,
        lowercase,
      });
    assert.throws(
      () => describe(true, '[Extra]'),
      /^StartError: sentence_bert_config.json sets do_lower_case .*"\[Extra\]"/,
    );
    assert.ok(describe(true, '[extra]').changes);
    assert.equal(describe(false, '[Extra]').changes, null);
  });
});
