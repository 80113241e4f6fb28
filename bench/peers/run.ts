import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';
import { ServerError } from '../api-server.ts';
import { exitOnSignals } from '../end-with-us.ts';
import { LoadGenerator } from '../load-generator.ts';
import { compareModel } from './compare-model.ts';
import { PeerScript } from './peer-script.ts';
import { formatSection, mergeSections, type PeerSection } from './peers-report.ts';
import { type PeersOptions, readPeersOptions, USAGE } from './read-peers-options.ts';

// `npm run bench:peers`: hotvec and servers in other languages, on the same weights and texts.

const REPORT = path.join(packageRoot, 'bench', 'PEERS.md');

exitOnSignals();
const options = read();
const installing = new Map<string, string>();
if (options.install) await install();
const load = new LoadGenerator();
try {
  for (const model of options.models) {
    for await (const section of compareModel(model, options, load, installing)) publish(section);
  }
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  load.stop();
}

function read(): PeersOptions {
  try {
    const given = readPeersOptions(process.argv.slice(2));
    if (given !== undefined) return given;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
  process.stdout.write(USAGE);
  process.exit(0);
}

/** One after the other; what cannot be installed is noted, and the rest goes on. */
async function install(): Promise<void> {
  mkdirSync(options.folder, { recursive: true });
  // The reference is computed in the environment of the first.
  const scripts = new Set(['sentence-transformers.sh', ...options.peers.flatMap(({ script }) => script ?? [])]);
  for (const script of scripts) {
    const peer = new PeerScript(script, options.folder);
    process.stderr.write(`${peer.name}: ${peer.isInstalled ? 'is installed' : 'installing'}\n`);
    await peer.install().catch((error: Error) => {
      process.stderr.write(`${peer.name}: ${error.message}\n`);
      installing.set(script, error.message);
    });
  }
}

/** After each: a run that is cut short leaves what it measured. */
function publish(section: PeerSection): void {
  process.stdout.write(`${formatSection(section)}\n`);
  if (options.quick) return;
  writeFileSync(REPORT, mergeSections(existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : undefined, [section]));
}
