import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Tokenizer } from 'tokenizers';
import type { Json } from '../../../../src/model-files/folder/read-json.ts';
import type { PairPiece } from '../../../../src/model-files/folder/tokenizer/describe-pairs.ts';
import {
  describeTokenizer,
  type TokenizerSources,
} from '../../../../src/model-files/folder/tokenizer/describe-tokenizer.ts';
import { loadPairTokenizer } from '../../../../src/tokenization/pair-tokenizer.ts';
import { fixtures } from '../../../support/starter.ts';

interface ClassCase {
  name: string;
  base: string;
  change: Json;
  tokenizer_config: Json | null;
  config: Json;
  files: { special_tokens_map?: Json; added_tokens?: Json };
}

/** What transformers makes of two texts; null: it does not load the folder. `types` null: the model gets none. */
type Reading = { ids: number[]; types: number[] | null } | null;

const read = (file: string) => JSON.parse(readFileSync(path.join(fixtures, 'tokenizer-classes', file), 'utf8'));
const { bases, cases } = read('cases.json') as { bases: Record<string, Json>; cases: ClassCase[] };
const { texts, pairs } = read('pairs.json') as {
  texts: [string, string];
  pairs: { name: string; case: ClassCase | null; version4: Reading; version5: Reading }[];
};

function sourcesOf({ base, change, tokenizer_config, config, files }: ClassCase): TokenizerSources {
  const tokenizer = structuredClone(bases[base] as Json);
  for (const [field, value] of Object.entries(change)) {
    const steps = field.split('.');
    const last = steps.pop() as string;
    steps.reduce((place, step) => place[step] as Json, tokenizer)[last] = value;
  }
  const { special_tokens_map: specialTokensMap, added_tokens: addedTokens } = files;
  return {
    tokenizer,
    tokenizerConfig: tokenizer_config ?? undefined,
    config,
    specialTokensMap,
    addedTokens,
    lowercase: false,
  };
}

const typesOf = (reading: Reading) => JSON.stringify(reading && (reading.types ?? reading.ids.map(() => 0)));

describe('describePairs()', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    file = path.join(folder, 'tokenizer.json');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const counts = { same: 0, ids: 0, types: 0 };
  for (const { name, case: own, version4, version5 } of pairs) {
    it(`reads two texts as transformers, or says that its versions do not agree: ${name}`, async () => {
      const sources = sourcesOf(own ?? (cases.find((one) => one.name === name) as ClassCase));
      let described: ReturnType<typeof describeTokenizer>;
      try {
        described = describeTokenizer(sources);
      } catch {
        // Refused because of single texts, which describe-tokenizer.test.ts judges.
        return;
      }
      const { changes, disputed, pairs: found } = described;
      assert.ok(found !== null);
      const versions = [version4, version5].filter((one) => one !== null);
      const [first, second = first] = versions;
      assert.ok(first !== undefined && second !== undefined);
      writeFileSync(file, JSON.stringify(sources.tokenizer));
      const opening = loadPairTokenizer(file, { parts: null, instructedParts: null }, { changes, disputed });
      const tokenizer = await opening.catch(() => null);
      // Refused because of the words of single texts.
      if (tokenizer === null && disputed !== null) return;
      assert.ok(tokenizer !== null);
      assert.equal(found.complaint === null, JSON.stringify(first.ids) === JSON.stringify(second.ids));
      if (found.complaint !== null) {
        counts.ids++;
        assert.match(found.complaint, /different tokens between two texts/);
        return;
      }
      const [a, b] = (await tokenizer.text.tokenize(texts)).map(({ ids }) => [...ids]);
      const ofTexts = [a, b] as number[][];
      let text = 0;
      const whole = found.pieces.flatMap(({ token, type }) => {
        const ids = token === null ? (ofTexts[text++] as number[]) : [token];
        return ids.map((id) => ({ id, type }));
      });
      assert.deepEqual(
        whole.map(({ id }) => id),
        first.ids,
      );
      text = 0;
      const byParts = tokenizer.parts.flatMap((part) =>
        'ids' in part ? [...part.ids] : (ofTexts[text++] as number[]),
      );
      assert.deepEqual(byParts, first.ids);
      assert.equal(found.typeComplaint === null, typesOf(first) === typesOf(second));
      if (found.typeComplaint !== null) {
        counts.types++;
        assert.match(found.typeComplaint, /model_input_names/);
        return;
      }
      counts.same++;
      assert.equal(JSON.stringify(whole.map(({ type }) => type)), typesOf(first));
    });
  }

  it('has cases of each kind', () => {
    assert.ok(counts.same > 60 && counts.ids > 3 && counts.types > 3, JSON.stringify(counts));
  });

  const special_tokens = Object.fromEntries(
    [
      ['[CLS]', 1],
      ['[SEP]', 2],
    ].map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }]),
  );
  const template = (pair: string) => ({
    type: 'TemplateProcessing',
    single: [{ Sequence: { id: 'A', type_id: 0 } }],
    pair: pair.split(' ').map((piece) => {
      const [id = '', type = '0'] = piece.split(':');
      return { [/^[AB]$/.test(id) ? 'Sequence' : 'SpecialToken']: { id, type_id: Number(type) } };
    }),
    special_tokens,
  });
  const [cls, sep] = [
    ['[CLS]', 1],
    ['[SEP]', 2],
  ];
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const roberta = { type: 'RobertaProcessing', sep, cls, trim_offsets: true, add_prefix_space: false };
  const piecesOf = (post_processor: Json | null): readonly PairPiece[] | undefined =>
    describeTokenizer({
      tokenizer: tokenizerWith(post_processor),
      tokenizerConfig: {
        tokenizer_class: 'PreTrainedTokenizerFast',
        model_input_names: ['input_ids', 'token_type_ids', 'attention_mask'],
      },
      config: { model_type: 'bert' },
      specialTokensMap: undefined,
      addedTokens: undefined,
      lowercase: false,
    }).pairs?.pieces;
  const tokenizerWith = (post_processor: Json | null): Json => ({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor,
    decoder: null,
    model: { type: 'WordLevel', vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, a: 3, b: 4 }, unk_token: '[UNK]' },
  });
  for (const [name, processor] of [
    ['BertProcessing', { type: 'BertProcessing', sep, cls }],
    ['RobertaProcessing', roberta],
    ['TemplateProcessing', template('[CLS] A [SEP] B:1 [SEP]:1')],
    ['a template of other types', template('[CLS]:1 A:0 [SEP]:1 [SEP]:0 B:1')],
    ['none', null],
    ['ByteLevel', byteLevel],
    ['a sequence', { type: 'Sequence', processors: [byteLevel, template('A [SEP] B:1')] }],
  ] as const) {
    it(`has the ids and token types of the tokenizers library: ${name}`, async () => {
      const native = Tokenizer.fromString(JSON.stringify(tokenizerWith(processor)));
      const encoding = await native.encode('a', 'b');
      const texts = [3, 4];
      const pieces = piecesOf(processor) ?? [];
      assert.deepEqual(
        pieces.map(({ token }) => token ?? texts.shift()),
        encoding.getIds(),
      );
      assert.deepEqual(
        pieces.map(({ type }) => type),
        encoding.getTypeIds(),
      );
    });
  }

  it('knows no pairs of a template that puts the second text first, or only one', () => {
    assert.deepEqual(piecesOf(template('B [SEP] A')), []);
    assert.deepEqual(piecesOf(template('[CLS] A [SEP]')), []);
    assert.deepEqual(piecesOf({ ...template('A'), pair: undefined }), []);
  });
});
