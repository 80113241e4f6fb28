import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';
import { licenseProblems } from './supply-chain/license-problems.ts';
import { bundledPackages, type Lockfile, type PackageManifest } from './supply-chain/lockfile.ts';
import { lockfileProblems } from './supply-chain/lockfile-problems.ts';
import { noticeProblems } from './supply-chain/notice-problems.ts';

// `npm run dependencies:check`: what is installed, may it run code, and may we pass it on? Needs no network. SECURITY.md.

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const readManifest = (folder: string) => JSON.parse(read(path.join(folder, 'package.json'))) as PackageManifest;

const lockfile = JSON.parse(read('package-lock.json')) as Lockfile;
const manifest = readManifest('');
const workspaces = Object.fromEntries((manifest.workspaces ?? []).map((folder) => [folder, readManifest(folder)]));
const bundled = bundledPackages(packageRoot);
const problems = [
  ...lockfileProblems(manifest, lockfile, workspaces),
  ...licenseProblems(lockfile, bundled),
  ...noticeProblems(lockfile, bundled, packageRoot, read('THIRD_PARTY_NOTICES.md')),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
