import { packageVersion } from '../package-info.ts';
import { describeSettings } from './config.ts';

/** The help of a command that takes the settings. */
export function settingsHelp(usage: string): string {
  const rows = describeSettings().map(
    (setting) =>
      `  ${setting.flag.padEnd(24)} ${setting.variable.padEnd(20)} ${setting.description} [${setting.default}]`,
  );
  return `hotvec ${packageVersion}\n\nUsage: ${usage}\n\nFlag, environment variable, meaning [default]:\n${rows.join('\n')}\n`;
}
