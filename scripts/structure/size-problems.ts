import type { SourceFile } from './source-file.ts';

/** More than this is two files. */
const MOST_LINES = 250;
/** Fewer than this, and one importer: it goes back into that one. */
const LEAST_LINES = 30;

/**
 * Files that are too long, and small files that one file alone imports.
 * @param keptSmall those that stay nevertheless, each with the reason
 */
export function sizeProblems(files: readonly SourceFile[], keptSmall: Readonly<Record<string, string>>): string[] {
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    for (const { target } of imports) importers.set(target, (importers.get(target) ?? new Set()).add(path));
  }
  const small = new Map<string, string>();
  for (const { path, lines } of files) {
    const [only, ...others] = importers.get(path) ?? [];
    if (lines < LEAST_LINES && only !== undefined && others.length === 0) small.set(path, only);
  }
  return [
    ...files
      .filter(({ lines }) => lines > MOST_LINES)
      .map(({ path, lines }) => `${path} has ${lines} lines, at most ${MOST_LINES}`),
    ...[...small]
      .filter(([path]) => !Object.hasOwn(keptSmall, path))
      .map(([path, only]) => `${path} has under ${LEAST_LINES} lines and one importer, ${only}: move it there`),
    ...Object.keys(keptSmall)
      .filter((path) => !small.has(path))
      .map((path) => `${path} needs no exception any more`),
  ];
}
