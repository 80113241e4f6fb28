import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Import {
  /** A path below src, or the name of a package. */
  target: string;
  isPackage: boolean;
  /** The compiler removes it: nothing is loaded. */
  isTypeOnly: boolean;
}

export interface SourceFile {
  /** Below src, with slashes. */
  path: string;
  lines: number;
  imports: Import[];
}

/**
 * An import or a re-export. A parser is not needed: `npm run lint` has Biome check the format first, so a statement
 * begins its line and has its module in single quotes.
 */
const IMPORTS = /^(?:import|export) (?:(type) )?(?:[^;']*? from )?'([^']+)';|\bimport\('([^']+)'\)/gm;

/** @param file its path below src */
export function parseSource(file: string, text: string): SourceFile {
  const imports = [...text.matchAll(IMPORTS)].map(([, type, statically, lazily]): Import => {
    const specifier = statically ?? lazily!;
    const isPackage = !specifier.startsWith('.');
    const target = isPackage ? packageOf(specifier) : path.posix.join(path.posix.dirname(file), specifier);
    return { target, isPackage, isTypeOnly: type !== undefined };
  });
  return { path: file, lines: text.split('\n').length - 1, imports };
}

/** Every TypeScript file below `folder`, in the order of their paths. */
export function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => parseSource(file, readFileSync(path.join(folder, file), 'utf8')));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
