import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

// Removes the native binaries of other platforms from node_modules, for the container image. What stays is not decided
// by name: the packages are loaded, and what they loaded is kept, with the libraries beside it. Then a fresh process
// loads them again, so that an image whose engine or tokenizer cannot start is never built.
const PACKAGES = ['onnxruntime-node', 'tokenizers'];
const NATIVE = /\.(node|dll|dylib|so(\.[\d.]+)?)$/;

const require = createRequire(path.join(packageRoot, 'package.json'));

function loadAll(): Set<string> {
  for (const name of PACKAGES) require(name);
  return new Set(Object.keys(require.cache).filter((file) => file.endsWith('.node')));
}

if (process.argv.includes('--load-only')) {
  loadAll();
} else {
  const loaded = loadAll();
  const folders = new Set([...loaded].map((file) => path.dirname(file)));
  const isNeeded = (file: string) => (file.endsWith('.node') ? loaded.has(file) : folders.has(path.dirname(file)));
  let removedBytes = 0;
  for (const name of PACKAGES) {
    const root = path.join(packageRoot, 'node_modules', name);
    const native = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((file) => path.join(root, file))
      .filter((file) => NATIVE.test(file));
    const kept = native.filter(isNeeded);
    if (kept.length === 0) throw new Error(`${name} loaded no native binary from ${root}: nothing was removed`);
    for (const file of native.filter((one) => !isNeeded(one))) {
      removedBytes += statSync(file).size;
      rmSync(file);
    }
    for (const file of kept) console.log(`kept ${path.relative(packageRoot, file)}`);
  }
  console.log(`removed ${Math.round(removedBytes / 1e6)} MB of other platforms`);
  const { status } = spawnSync(process.execPath, [process.argv[1] as string, '--load-only'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('what was kept does not load');
}
