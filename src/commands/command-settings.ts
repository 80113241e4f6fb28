import process from 'node:process';
import { packageVersion } from '../package-info.ts';
import { ConfigError, describeSettings, readConfig, type StartConfig } from '../settings/config.ts';
import { EXIT_CONFIG } from './exit-codes.ts';
import { LOADING_SETTINGS, type UsedSettings } from './used-settings.ts';

/**
 * The settings of a command, as `read` gives them.
 * @returns the exit code where there is nothing more to do: help was asked for, or the settings cannot be used.
 */
export function readSettings(
  usage: string,
  args: readonly string[],
  read: () => StartConfig,
  used?: UsedSettings,
): StartConfig | number {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(settingsHelp(usage, used));
    return 0;
  }
  // Without a working directory there is neither an engine process nor a path; this reports it in one line.
  process.cwd();
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT_CONFIG;
  }
}

/**
 * The settings of a command that works on models without serving them: those of `serve` that say what is loaded and how, with
 * the model also as the first argument. @returns as {@link readSettings}.
 */
export function readLocalSettings(name: string, args: readonly string[]): StartConfig | number {
  const read = () => {
    const [first] = args;
    const isNamed = first !== undefined && !first.startsWith('-');
    if (isNamed && args.slice(1).some((arg) => arg === '--model' || arg.startsWith('--model='))) {
      throw new ConfigError([`${JSON.stringify(first)} and --model both name a model; give only one of them.`]);
    }
    return readUsedSettings(LOADING_SETTINGS, isNamed ? ['--model', first, ...args.slice(1)] : args);
  };
  return readSettings(`hotvec ${name} [MODEL] [flags]`, args, read, LOADING_SETTINGS);
}

/**
 * The settings of a command that listens on no port. It is also given what a server has in its environment, and `HOTVEC_API_KEY`,
 * which is for commands that ask one.
 * @throws {ConfigError}
 */
export function readUsedSettings(used: UsedSettings, args: readonly string[]): StartConfig {
  const { HOTVEC_API_KEY: _, ...environment } = process.env;
  return readConfig(environment, args, undefined, used);
}

/** The help of a command that takes the settings. */
function settingsHelp(usage: string, used?: UsedSettings): string {
  const shown = describeSettings().filter(({ name }) => used?.has(name) ?? true);
  const rows = shown.map(
    (setting) =>
      `  ${setting.flag.padEnd(24)} ${setting.variable.padEnd(20)} ${setting.description} [${setting.default}]`,
  );
  return `hotvec ${packageVersion}\n\nUsage: ${usage}\n\nFlag, environment variable, meaning [default]:\n${rows.join('\n')}\n`;
}
