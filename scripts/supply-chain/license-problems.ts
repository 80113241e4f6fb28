import parse from 'spdx-expression-parse';
import { type Lockfile, nameOf, productionPackages } from './lockfile.ts';

/** Licenses that ask for no more than their text being passed on. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
]);

/**
 * What single packages may have besides, by the beginning of their names, and why.
 *
 * libvips is a shared library of its own beside sharp, unchanged, which anyone may replace: what the LGPL asks for, with the
 * notice in THIRD_PARTY_NOTICES.md. hotvec never calls it: transformers.js loads it.
 */
const ALSO: [prefix: string, license: string][] = [['@img/sharp-', 'LGPL-3.0-or-later']];

/** Packages of production whose license is not among those that were agreed to, one line each. */
export function licenseProblems(lockfile: Lockfile): string[] {
  return productionPackages(lockfile).flatMap(([folder, { version, license }]) => {
    const name = nameOf(folder);
    const allowed = new Set([...ALLOWED, ...ALSO.filter(([prefix]) => name.startsWith(prefix)).map(([, one]) => one)]);
    if (license === undefined) return [`${name}@${version} names no license`];
    return isAllowed(license, allowed) ? [] : [`${name}@${version} is licensed as ${license}, which is not allowed`];
  });
}

/** @param license an SPDX expression: `MIT`, `(MIT OR GPL-3.0-only)`, `Apache-2.0 AND LGPL-3.0-or-later`. */
function isAllowed(license: string, allowed: ReadonlySet<string>): boolean {
  try {
    return evaluate(parse(license), allowed);
  } catch {
    // No expression of SPDX, such as `SEE LICENSE IN …`: somebody has to read it.
    return false;
  }
}

function evaluate(expression: parse.Info, allowed: ReadonlySet<string>): boolean {
  if ('license' in expression) return expression.exception === undefined && allowed.has(expression.license);
  const sides = [expression.left, expression.right].map((side) => evaluate(side, allowed));
  return expression.conjunction === 'or' ? sides.includes(true) : !sides.includes(false);
}
