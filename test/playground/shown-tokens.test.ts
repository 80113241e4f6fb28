import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { codePointReader, countCodePoints } from '../../playground/tokens/code-points.ts';
import { type ShownPart, showTokens, type TokenPiece } from '../../playground/tokens/shown-tokens.ts';
import { visibleText } from '../../playground/tokens/visible-text.ts';
import { packageRoot } from '../../src/package-info.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { fixtures } from '../support/starter.ts';

const folders = ['bert-mean-6.2', 'xlm-roberta-cls-5.1', 'gemma3-mean-two-dense-6.2'];
const files = [
  path.join(packageRoot, 'models', 'starter', 'tokenizer.json'),
  ...folders.map((folder) => path.join(fixtures, 'encoder-folders', folder, 'tokenizer.json')),
];
const PROMPT = 'query: ';
const INPUT = 'Hello 🙂 naïve 👩‍👩‍👧‍👦\n\t wörld 中文  the end ';

async function piecesOf(file: string): Promise<TokenPiece[]> {
  const tokenizer = await loadNativeTokenizer(file, { needsEndToken: false });
  const read = await tokenizer.read(PROMPT + INPUT, { specialTokens: true, unit: 'code_points' });
  return read.map((token) => ({ ...token, prompt: token.start !== null && token.start < PROMPT.length }));
}

const textOf = (parts: readonly ShownPart[]) =>
  parts.map(({ kind, text }) => (kind === 'special' ? '' : text)).join('');

describe('showTokens()', () => {
  for (const file of files) {
    it(`shows each token once and all of the text once: ${path.basename(path.dirname(file))}`, async () => {
      const pieces = await piecesOf(file);
      const parts = showTokens({ pieces, prompt: PROMPT, input: INPUT, cut: null });
      assert.equal(textOf(parts), PROMPT + INPUT);
      assert.deepEqual(
        parts.flatMap((part) => part.pieces),
        pieces,
      );
      assert.ok(parts.every(({ kind }) => kind !== 'cut'));
      for (const {
        pieces: [first],
        index,
        kind,
      } of parts) {
        if (first === undefined) continue;
        assert.equal(pieces[index], first);
        assert.equal(kind, first.special ? 'special' : first.prompt ? 'prompt' : 'text');
      }
    });

    it(`strikes out what is beyond the cut, and nothing else: ${path.basename(path.dirname(file))}`, async () => {
      const pieces = await piecesOf(file);
      const [before, after] = [pieces[0]?.special ? 1 : 0, 1];
      const inPrompt = pieces.filter(({ prompt }) => prompt).length;
      const specials = pieces.slice(-after);
      // A token may be of the prompt and reach into the text.
      const promptEnd = Math.max(...pieces.map(({ prompt, stop }) => (prompt ? (stop ?? 0) : 0)), PROMPT.length);
      const body = pieces.slice(before + inPrompt, -after);
      for (let kept = 1; kept < body.length; kept += 5) {
        const start = [...pieces.slice(0, before + inPrompt), ...body.slice(-kept), ...specials];
        const end = [...pieces.slice(0, before + inPrompt), ...body.slice(0, kept), ...specials];
        for (const [cut, left] of [
          ['start', start],
          ['end', end],
        ] as const) {
          const parts = showTokens({ pieces: left, prompt: PROMPT, input: INPUT, cut });
          assert.equal(textOf(parts), PROMPT + INPUT);
          assert.deepEqual(
            parts.flatMap((part) => part.pieces),
            left,
          );
          const struck = parts.filter(({ kind }) => kind === 'cut');
          // Where only a part of a character's tokens is left, nothing of its text is struck out.
          assert.ok(struck.length <= 1);
          const characters = [...(PROMPT + INPUT)];
          const [from, to] =
            cut === 'end'
              ? [Math.max(...left.map(({ stop }) => stop ?? 0)), characters.length]
              : [promptEnd, body.at(-kept)?.start as number];
          assert.equal(struck[0]?.text ?? '', characters.slice(from, to).join(''));
        }
      }
    });
  }

  it('shows a text without tokens, and nothing where there is none', () => {
    assert.deepEqual(showTokens({ pieces: [], prompt: '', input: ' \n', cut: null }), [
      { kind: 'gap', text: ' \n', pieces: [], index: 0 },
    ]);
    assert.deepEqual(showTokens({ pieces: [], prompt: '', input: '', cut: null }), []);
  });
});

describe('codePointReader()', () => {
  it('cuts as arrays of characters do, forwards and backwards', () => {
    const text = 'a🙂é中👩‍👩‍👧z';
    const characters = [...text];
    const reader = codePointReader(text);
    assert.equal(countCodePoints(text), characters.length);
    for (let from = characters.length; from >= 0; from--) {
      assert.equal(reader.slice(from), characters.slice(from).join(''));
      for (let to = from; to <= characters.length + 1; to++) {
        assert.equal(reader.slice(from, to), characters.slice(from, to).join(''));
      }
    }
  });
});

describe('visibleText()', () => {
  it('shows what is not seen, and leaves the rest as it is', () => {
    assert.equal(visibleText('a\nb\r\nc\td'), 'a⏎\nb␍⏎\nc⇥\td');
    assert.equal(visibleText('\u0000\u001b\u007f\u0085\u200b\u202e\ufeff'), '␀␛␡⟨U+0085⟩⟨U+200B⟩⟨U+202E⟩⟨U+FEFF⟩');
    assert.equal(visibleText('🙂 👩‍👩‍👧 é 中'), '🙂 👩‍👩‍👧 é 中');
  });
});
