import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/package-info.ts';

/** Node 24 and the OpenAI SDK 7, which needs it. */
export interface NewestSdk {
  node: string;
  sdkUrl: string;
}

/**
 * Installs both from the npm registry into a folder that git ignores, once.
 * @returns why not, as a sentence, where the registry cannot be reached or has no Node for this machine.
 */
export function installNewestSdk(): NewestSdk | string {
  const folder = path.join(packageRoot, 'node_modules', '.cache', 'hotvec-clients');
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const node = path.join(folder, 'node_modules', nodePackage, 'bin', 'node');
  const sdk = path.join(folder, 'node_modules', 'openai', 'index.mjs');
  if (!existsSync(node) || !existsSync(sdk)) {
    mkdirSync(folder, { recursive: true });
    const options = [
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--fetch-retries=0',
      '--prefix',
      folder,
    ];
    const { status, stderr } = spawnSync('npm', ['install', ...options, 'openai@7', `${nodePackage}@24`], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    const failure = /npm (?:error|ERR!) code (\S+)/.exec(stderr ?? '')?.[1] ?? `status ${status}`;
    if (status !== 0) return `openai@7 and ${nodePackage}@24 could not be installed (${failure})`;
  }
  return { node, sdkUrl: pathToFileURL(sdk).href };
}
