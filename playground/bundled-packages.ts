import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

/** A package of which code is in the page. */
interface BundledPackage {
  name: string;
  version: string;
  /** An SPDX expression, as the package says; undefined: it does not. */
  license: string | undefined;
  /** Its license and notice files; empty: it brings none. */
  text: string;
}

const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;

/**
 * Writes down which packages the page is made of: `playground/licenses.txt` with their license texts, which the page passes
 * on with their code, and `bundled-packages.json` for `npm run dependencies:check` and `npm run sbom`. Vite's own
 * `build.license` leaves out what only workers import (8.4).
 */
export function bundledPackages(): { page: Plugin; worker: Plugin } {
  const packages = new Map<string, BundledPackage>();
  const collect = (modules: readonly string[]) => {
    for (const folder of new Set(modules.flatMap((module) => packageFolder(module) ?? []))) {
      const bundled = readPackage(folder);
      packages.set(`${bundled.name}@${bundled.version}`, bundled);
    }
  };
  const modulesOf = (bundle: object) =>
    Object.values(bundle as Record<string, { moduleIds?: string[] }>).flatMap(({ moduleIds = [] }) => moduleIds);
  return {
    // Workers are bundled while the page is, and end before it.
    worker: { name: 'packages-of-worker', generateBundle: (_, bundle) => collect(modulesOf(bundle)) },
    page: {
      name: 'packages-of-page',
      generateBundle(_, bundle) {
        collect(modulesOf(bundle));
        const all = [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        const facts = all.map(({ text, ...others }) => ({ ...others, hasText: text !== '' }));
        const listed = JSON.stringify(facts, null, 2);
        this.emitFile({ type: 'asset', fileName: 'bundled-packages.json', source: listed });
        this.emitFile({ type: 'asset', fileName: 'playground/licenses.txt', source: all.map(notice).join('\n') });
      },
    },
  };
}

/** `…/node_modules/@a/b/src/c.js` → `…/node_modules/@a/b`; undefined: of no package. */
function packageFolder(module: string): string | undefined {
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(module.replace(/^\0/, ''))?.[0];
}

function readPackage(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  ) as BundledPackage;
  const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
  return {
    name,
    version,
    license,
    text: files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n'),
  };
}

function notice({ name, version, license, text }: BundledPackage): string {
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n${'='.repeat(80)}\n\n${text.trim()}\n`;
}
