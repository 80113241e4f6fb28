import process from 'node:process';
import { systemClock } from '../clock.ts';
import { ConfigError, readConfig } from '../config.ts';
import { StartError } from '../errors.ts';
import { logHubEvents } from '../log-hub-events.ts';
import { createLogger } from '../logger.ts';
import { formatBytes } from '../model/hub/format-bytes.ts';
import { locateModel } from '../model/locate-model.ts';
import { EXIT_CONFIG } from './exit-codes.ts';
import { PullBar } from './pull-bar.ts';
import { settingsHelp } from './settings-help.ts';

/**
 * `hotvec pull [MODEL]`: makes the cache hold what the hub has now, and verifies it. Flags are the settings of `serve`.
 * Says on standard output where the model lies. Returns the exit code.
 */
export async function pullCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(settingsHelp('hotvec pull [MODEL] [flags]'));
    return 0;
  }
  const [first] = args;
  const isNamed = first !== undefined && !first.startsWith('-');
  let config: ReturnType<typeof readConfig>;
  try {
    // Nothing listens here: HOST is no reason to ask for API keys.
    const environment = { ...process.env, HOST: undefined, HOTVEC_HOST: undefined };
    config = readConfig(environment, isNamed ? ['--model', first, ...args.slice(1)] : args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT_CONFIG;
  }
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
