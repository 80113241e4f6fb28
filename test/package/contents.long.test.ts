import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { filesOf } from '../support/local-hub.ts';
import { packedFiles } from './packed.ts';

/** What runs while a package is installed. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'];

describe('the package that npm pack makes', () => {
  let files: string[];
  before(() => {
    files = packedFiles();
  });

  it('holds the built code of src and the page, the starter, the description, the notices, and nothing else of the project', () => {
    const own = files.filter((file) => !file.startsWith('node_modules/')).sort();
    const below = (name: string, ending: string) =>
      readdirSync(path.join(packageRoot, name), { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile() && file.name.endsWith(ending))
        .map((file) => path.relative(packageRoot, path.join(file.parentPath, file.name)));
    const wanted = [
      ...below('src', '.ts').map((file) => path.join('dist', file.replace(/\.ts$/, '.js'))),
      ...below(path.join('dist', 'playground', 'page'), ''),
      ...Object.keys(filesOf(path.join(packageRoot, 'models'))).map((file) => `models/${file}`),
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD_PARTY_NOTICES.md', 'openapi.yaml', 'package.json'],
    ];
    assert.deepEqual(own, wanted.sort());
    assert.match(readFileSync(path.join(packageRoot, 'dist/src/cli.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  it('carries ONNX Runtime along, for every platform, without a script that installing would run', () => {
    const bundled = files.filter((file) => /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file));
    const names = bundled.map((file) => file.replace(/^.*node_modules\/|\/package\.json$/g, ''));
    assert.deepEqual(names.sort(), ['onnxruntime-common', 'onnxruntime-node']);
    for (const file of bundled) {
      const { scripts = {} } = JSON.parse(readFileSync(path.join(packageRoot, file), 'utf8'));
      const found = INSTALL_SCRIPTS.filter((script) => script in scripts);
      assert.deepEqual(found, [], `${file}: npm 10 and 11 would run it. Has \`npm run build\` run since \`npm ci\`?`);
    }
    const libraries = files.filter((file) => /\/onnxruntime_binding\.node$/.test(file));
    assert.equal(libraries.length, 5, 'ONNX Runtime for every platform that it is made for');
  });
});
