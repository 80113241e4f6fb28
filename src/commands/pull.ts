import process from 'node:process';
import { systemClock } from '../clock.ts';
import { messageOf, StartError } from '../errors.ts';
import { describeModel } from '../formats/describe-model.ts';
import { formatOf } from '../formats/formats.ts';
import { logHubEvents } from '../log/hub-events.ts';
import { logInt8Events } from '../log/int8-events.ts';
import { createLogger } from '../log/logger.ts';
import { FileHashes } from '../model-files/file-hashes.ts';
import { formatBytes } from '../model-files/hub/format-bytes.ts';
import type { OnHubEvent } from '../model-files/hub/hub-events.ts';
import { int8Folders } from '../model-files/int8/int8-folders.ts';
import { findPublishedTask } from '../model-files/known/published-hashes.ts';
import { locateModel } from '../model-files/locate-model.ts';
import type { ModelLocation } from '../model-files/resolve-model.ts';
import type { Config } from '../settings/config.ts';
import { readLocalSettings } from './command-settings.ts';
import { explainMachineError } from './explain-machine-error.ts';
import { PullBar } from './pull-bar.ts';
import type { StopSignals } from './stop-signals.ts';

/**
 * `hotvec pull [MODEL]`: makes the cache hold what the hub has now of each model, and verifies it; with `--dtype int8`
 * it quantizes it, too. Flags are the settings of `serve`. Prints where the model is on standard output. Returns the
 * exit code.
 */
export async function pullCommand(args: readonly string[], signals: StopSignals): Promise<number> {
  const config = readLocalSettings('pull', args);
  if (typeof config === 'number') return config;
  const bar = process.stderr.isTTY ? new PullBar(process.stderr) : null;
  const log = logHubEvents(createLogger(config.logLevel), systemClock);
  signals.take(() => {
    bar?.stop();
    process.stderr.write('Interrupted. Downloaded data is kept; the same command resumes the download.\n');
    process.exit(1);
  });
  try {
    for (const one of config.models) await pullOne(one, bar?.onEvent ?? log, () => bar?.stop());
    return 0;
  } catch (error) {
    bar?.stop();
    process.stderr.write(`${explain(error, config.logLevel)}\n`);
    return 1;
  }
}

async function pullOne(config: Config, tell: OnHubEvent, onLocated: () => void): Promise<void> {
  let bytes = 0;
  const location = await locateModel({
    settings: config,
    refresh: true,
    onEvent(event) {
      if ('bytes' in event) bytes = event.bytes;
      tell(event);
    },
  });
  await location.verified;
  onLocated();
  if (config.dtype === 'int8') await quantize(location, config);
  const { name, folder, revision } = location;
  const size = bytes === 0 ? '' : `, ${formatBytes(bytes)} (${bytes} bytes), verified`;
  process.stdout.write(`${name}${revision === null ? '' : ` at ${revision}`}${size}\n${folder}\n`);
}

/** Makes the int8 weights too, so that a server that can write nothing finds them. */
async function quantize(location: ModelLocation, config: Config): Promise<void> {
  const files = new FileHashes(location.hashes);
  const publishedTask = () => findPublishedTask(location.folder, files);
  const onLocate = (file: string) => files.watch([file]);
  const manifest = await describeModel({ ...location, onLocate }, { ...config, publishedTask });
  await formatOf(manifest).prepare(manifest, new Set(['int8']), {
    folders: () => int8Folders(location, config),
    files,
    onEvent: logInt8Events(manifest.name, createLogger(config.logLevel, process.stderr), systemClock),
  });
}

/** One line, whatever went wrong. An unexpected error shows its stack only on request. */
function explain(error: unknown, logLevel: string): string {
  const explained = error instanceof StartError ? error.message : explainMachineError(error);
  if (explained !== undefined) return explained;
  if (error instanceof Error && ['debug', 'trace'].includes(logLevel)) return error.stack ?? error.message;
  const reason = messageOf(error).replace(/\s+/g, ' ');
  return `hotvec failed unexpectedly (${reason}). Please report it with the output of LOG_LEVEL=debug.`;
}
