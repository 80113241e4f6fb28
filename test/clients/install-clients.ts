import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';
import { installLocked } from '../support/install-locked.ts';

/** The folder with the client packages and the programs that use them, and a Node that is new enough for all of them. */
export interface InstalledClients {
  folder: string;
  node: string;
}

/**
 * Installs what `test/clients/package-lock.json` says, and copies the programs beside it, where Node finds the packages.
 * @returns why not, as a sentence, where the registry cannot be reached or there is no Node 22 for this machine.
 */
export function installClients(): InstalledClients | string {
  const folder = installLocked('clients');
  if (typeof folder !== 'string') return folder.why;
  const node = newNode(folder);
  if (node === undefined)
    return `the client packages need Node 22, and npm has none for ${process.platform}-${process.arch}`;
  cpSync(path.join(packageRoot, 'test', 'clients', 'javascript'), path.join(folder, 'javascript'), { recursive: true });
  cpSync(path.join(packageRoot, 'examples'), path.join(folder, 'examples'), { recursive: true });
  return { folder, node };
}

/** Most packages need Node 22 or newer; hotvec itself runs on 20, too. */
function newNode(folder: string): string | undefined {
  const binary = process.platform === 'win32' ? 'node.exe' : path.join('bin', 'node');
  const installed = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, binary);
  if (existsSync(installed)) return installed;
  return Number(process.versions.node.split('.')[0]) >= 22 ? process.execPath : undefined;
}
