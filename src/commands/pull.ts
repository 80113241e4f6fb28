import process from 'node:process';
import { systemClock } from '../clock.ts';
import { StartError } from '../errors.ts';
import { logHubEvents } from '../log-hub-events.ts';
import { createLogger } from '../logger.ts';
import { formatBytes } from '../model/hub/format-bytes.ts';
import { locateModel } from '../model/locate-model.ts';
import { readLocalSettings } from './local-settings.ts';
import { PullBar } from './pull-bar.ts';

/**
 * `hotvec pull [MODEL]`: makes the cache hold what the hub has now, and verifies it. Flags are the settings of `serve`.
 * Says on standard output where the model lies. Returns the exit code.
 */
export async function pullCommand(args: readonly string[]): Promise<number> {
  const config = readLocalSettings('pull', args);
  if (typeof config === 'number') return config;
  const bar = process.stderr.isTTY ? new PullBar(process.stderr) : null;
  const log = logHubEvents(createLogger(config.logLevel), systemClock);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      bar?.stop();
      process.stderr.write('Interrupted. What was downloaded is kept; the same command goes on from there.\n');
      process.exit(1);
    });
  }
  let bytes = 0;
  try {
    const { name, folder, revision } = await locateModel({
      settings: config,
      refresh: true,
      onEvent(event) {
        if ('bytes' in event) bytes = event.bytes;
        (bar?.onEvent ?? log)(event);
      },
    });
    bar?.stop();
    const size = bytes === 0 ? '' : `, ${formatBytes(bytes)} (${bytes} bytes), verified`;
    process.stdout.write(`${name}${revision === null ? '' : ` at ${revision}`}${size}\n${folder}\n`);
    return 0;
  } catch (error) {
    bar?.stop();
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
