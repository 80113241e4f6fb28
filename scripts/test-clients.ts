import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

// `npm run test:clients`: the client tests of CI, and those in Go, Rust, Java and with more of Python's packages
// where their tools are installed. What is left out is said. The first run compiles and downloads for some minutes.
const folder = path.join(packageRoot, 'dist', 'test', 'clients');
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => path.join(folder, file));
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
  { stdio: 'inherit', env: { ...process.env, HOTVEC_MORE_CLIENTS: '1' } },
);
process.exitCode = status ?? 1;
