import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { installLocked } from '../support/install-locked.ts';

/** A version of Node with a version of npm, as people have them. */
export interface Runtime {
  node: string;
  /** npm's own program, for `node` to run; its `npx` lies beside it. */
  npm: string;
}

/** @returns the runtime, or the reason it is missing, as a sentence: no registry, or npm has no such Node for this machine. */
export function findRuntime(node: number, npm: number): Runtime | string {
  const folder = installLocked('package');
  if (typeof folder !== 'string') return folder.why;
  const packages = path.join(folder, 'node_modules');
  const binary = path.join(packages, `node-${node}-${process.platform}-${process.arch}`, 'bin', 'node');
  const runtime = { node: binary, npm: path.join(packages, `npm-${npm}`, 'bin', 'npm-cli.js') };
  if (existsSync(binary)) return runtime;
  if (Number(process.versions.node.split('.')[0]) === node) return { ...runtime, node: process.execPath };
  return `npm has no Node ${node} for ${process.platform}-${process.arch}`;
}
