import { readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

// A part of `npm run build`: makes the installed onnxruntime-node fit to travel inside hotvec's own package, where
// `bundleDependencies` puts it. Its install script downloads CUDA libraries and fails without a network; npm 10 and 11 run
// it for whoever installs hotvec (docs/decisions/0090). So the copy loses the script, what only the script needs, and
// files that nothing loads. Its programs and libraries are untouched.
const folder = path.join(packageRoot, 'node_modules', 'onnxruntime-node');
const file = path.join(folder, 'package.json');
const { scripts: _, devDependencies: __, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));

const travelling = {
  ...manifest,
  // Needed at run time; adm-zip and global-agent are the script's.
  dependencies: { 'onnxruntime-common': manifest.version },
  // The second name of the macOS library holds the same 45 MB; the binding loads libonnxruntime.1.dylib.
  files: ['bin', `!bin/**/libonnxruntime.${manifest.version}.dylib`, 'dist/*.js'],
};
const text = `${JSON.stringify(travelling, null, 2)}\n`;
if (text !== readFileSync(file, 'utf8')) {
  // A new file in the place of the old one: npm, pnpm and people link equal files of several projects to one.
  const written = `${file}.${process.pid}`;
  writeFileSync(written, text);
  renameSync(written, file);
}
// npm packs what its hidden lockfile lists, which still has the script's packages, unless a folder is newer than that file:
// after an `npm install` it is not.
const now = new Date();
utimesSync(folder, now, now);
