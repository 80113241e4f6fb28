import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { packageRoot } from '../../../src/package-info.ts';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** Lints src/hen.ts and src/egg.ts as the project's files. */
function lint(hen: string, egg: string): { status: number | null; output: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  try {
    copyFileSync(path.join(packageRoot, 'biome.json'), path.join(folder, 'biome.json'));
    mkdirSync(path.join(folder, 'src'));
    writeFileSync(path.join(folder, 'src', 'hen.ts'), hen);
    writeFileSync(path.join(folder, 'src', 'egg.ts'), egg);
    const run = spawnSync(process.execPath, [biome, 'lint', 'src'], { cwd: folder, encoding: 'utf8' });
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('circles between files', () => {
  const hen = "import { egg } from './egg.ts';\n\nexport const hen = () => egg;\nexport type Hen = object;\n";

  it('are errors of npm run lint', () => {
    const { status, output } = lint(hen, "import { hen } from './hen.ts';\n\nexport const egg = () => hen;\n");
    assert.match(output, /noImportCycles/);
    assert.equal(status, 1);
  });

  it('may be of types', () => {
    const { status, output } = lint(hen, "import type { Hen } from './hen.ts';\n\nexport const egg: Hen = {};\n");
    assert.equal(status, 0, output);
  });
});
