import parse from 'spdx-expression-parse';
import { type BundledPackage, type Lockfile, nameOf, productionPackages } from './lockfile.ts';

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

/** Packages that users get whose license is not among those that were agreed to, one line each. */
export function licenseProblems(lockfile: Lockfile, bundled: readonly BundledPackage[]): string[] {
  const installed = productionPackages(lockfile).map(([folder, entry]) => ({ ...entry, name: nameOf(folder) }));
  return [...installed, ...bundled].flatMap(({ name, version, license }) => {
    if (license === undefined) return [`${name}@${version} names no license`];
    return isAllowed(license) ? [] : [`${name}@${version} is licensed as ${license}, which is not allowed`];
  });
}

/** @param license an SPDX expression: `MIT`, `(MIT OR GPL-3.0-only)`, `Apache-2.0 AND LGPL-3.0-or-later`. */
function isAllowed(license: string): boolean {
  try {
    return evaluate(parse(license));
  } catch {
    // No expression of SPDX, such as `SEE LICENSE IN …`: somebody has to read it.
    return false;
  }
}

function evaluate(expression: parse.Info): boolean {
  if ('license' in expression) return expression.exception === undefined && ALLOWED.has(expression.license);
  const sides = [expression.left, expression.right].map((side) => evaluate(side));
  return expression.conjunction === 'or' ? sides.includes(true) : !sides.includes(false);
}
