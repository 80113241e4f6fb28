import { homedir } from 'node:os';

/**
 * Puts the home folder in the place of a leading `~`, and the values of variables in that of `$NAME` and `${NAME}`, as
 * Hugging Face's tools do for their folders: an env file and a unit of systemd leave both as they are.
 */
export function expandPath(path: string, environment: Record<string, string | undefined>): string {
  const expanded = path.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, name, inBraces) => {
    return environment[name ?? inBraces] ?? whole;
  });
  return expanded.replace(/^~(?=\/|$)/, (tilde) => homeOf() || tilde);
}

function homeOf(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}
