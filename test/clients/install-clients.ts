import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';

/** The folder with the client packages and the programs that use them, and a Node that is new enough for all of them. */
export interface InstalledClients {
  folder: string;
  node: string;
}

const source = path.join(packageRoot, 'test', 'clients');
/** Ignored by git. Beside the product's packages, of which these are none (docs/decisions/0066). */
const folder = path.join(packageRoot, 'node_modules', '.cache', 'hotvec-clients');

/**
 * Installs what `test/clients/package-lock.json` says, once for each state of that file, and copies the programs beside
 * it, where Node finds the packages.
 * @returns why not, as a sentence, where the registry cannot be reached or there is no Node 22 for this machine.
 */
export function installClients(): InstalledClients | string {
  const lock = readFileSync(path.join(source, 'package-lock.json'), 'utf8');
  const stamp = path.join(folder, 'installed.json');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(path.join(source, file), path.join(folder, file));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0', '--prefix', folder];
    const { status, stderr } = spawnSync('npm', ['ci', ...options], { encoding: 'utf8', timeout: 240_000 });
    const failure = /npm (?:error|ERR!) code (\S+)/.exec(stderr ?? '')?.[1] ?? `status ${status}`;
    if (status !== 0) return `the client packages could not be installed (${failure})`;
    writeFileSync(stamp, lock);
  }
  const node = newNode();
  if (node === undefined)
    return `the client packages need Node 22, and npm has none for ${process.platform}-${process.arch}`;
  cpSync(path.join(source, 'javascript'), path.join(folder, 'javascript'), { recursive: true });
  cpSync(path.join(packageRoot, 'examples'), path.join(folder, 'examples'), { recursive: true });
  return { folder, node };
}

/** Most packages need Node 22 or newer; hotvec itself runs on 20, too. */
function newNode(): string | undefined {
  const binary = process.platform === 'win32' ? 'node.exe' : path.join('bin', 'node');
  const installed = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, binary);
  if (existsSync(installed)) return installed;
  return Number(process.versions.node.split('.')[0]) >= 22 ? process.execPath : undefined;
}
