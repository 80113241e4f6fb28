import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readSources } from '../../../scripts/structure/source-file.ts';
import { wordProblems } from '../../../scripts/structure/word-problems.ts';
import { packageRoot } from '../../../src/package-info.ts';

const src = path.join(packageRoot, 'src');

describe('wordProblems()', () => {
  it('finds none in src: only formats name an architecture, only tasks know what a row means', () => {
    const files = readSources(src).map((file) => ({
      path: file.path,
      text: readFileSync(path.join(src, file.path), 'utf8'),
    }));
    assert.ok(files.length > 100);
    assert.deepEqual(wordProblems(files), []);
  });

  for (const [file, code] of [
    ['served-models/new.ts', "if (manifest.format === 'qwen3') return;"],
    ['served-models/new.ts', 'const isQwen3 = true;'],
    ['engine/supervisor/new.ts', 'const costOfBert = 1;'],
    ['model-files/folder/new.ts', "const OFFSET = ['xlm-roberta'];"],
    ['tasks/embedding/new.ts', 'const TYPES = /^(distilbert|mpnet)$/;'],
    ['settings/new.ts', "const t5 = '';"],
  ] as const) {
    it(`finds an architecture in ${file}: ${code}`, () => {
      const [problem] = wordProblems([{ path: file, text: `${code}\n` }]);
      assert.match(problem ?? 'none', /names an architecture/);
      assert.deepEqual(wordProblems([{ path: 'formats/new/new-format.ts', text: code }]), []);
    });
  }

  for (const [file, code] of [
    ['batching/new.ts', 'const alike = cosine(rows[0], rows[1]);'],
    ['engine/process/new.ts', 'const score = sigmoid(row[0]);'],
    ['engine/supervisor/new.ts', 'if (!hasDirection(row)) return;'],
  ] as const) {
    it(`finds the meaning of a row in ${file}: ${code}`, () => {
      const [problem] = wordProblems([{ path: file, text: `${code}\n` }]);
      assert.match(problem ?? 'none', /says what a row means/);
      assert.deepEqual(wordProblems([{ path: 'tasks/new/new.ts', text: code }]), []);
    });
  }

  it('lets comments and names of models be', () => {
    const text = `/** As BERT has it. */\n// Of Qwen3, too.\nconst a = 1; // bert\nconst url = 'https://hotvec/Qwen/Qwen3-Embedding-0.6B';\n`;
    assert.deepEqual(wordProblems([{ path: 'settings/new.ts', text }]), []);
  });
});
