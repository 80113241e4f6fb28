import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type BundledPackage, type Lockfile, nameOf, productionPackages } from './lockfile.ts';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;

/**
 * Packages that users get that bring no license text of their own and that THIRD_PARTY_NOTICES.md does not name, one line
 * each. All licenses ask for their text to be passed on; the image and an installation have it in node_modules,
 * the page in its licenses.txt.
 *
 * @param root the folder of node_modules; packages of other platforms are not installed, and not examined.
 */
export function noticeProblems(
  lockfile: Lockfile,
  bundled: readonly BundledPackage[],
  root: string,
  notices: string,
): string[] {
  const installed = productionPackages(lockfile)
    .filter(([folder]) => existsSync(path.join(root, folder)))
    .filter(([folder]) => !readdirSync(path.join(root, folder)).some((file) => LICENSE_FILE.test(file)))
    .map(([folder]) => nameOf(folder));
  return [...installed, ...bundled.filter(({ hasText }) => !hasText).map(({ name }) => name)]
    .filter((name) => !notices.includes(`\`${name}\``) && !notices.includes(`\`${platformFamily(name)}\``))
    .map((name) => `${name} brings no license text: add it to THIRD_PARTY_NOTICES.md`);
}

/** The name with `-*` in the place of the platform: one notice is for all of them. */
function platformFamily(name: string): string {
  return name.replace(/-(linux|linuxmusl|darwin|win32|freebsd|android|openharmony)-.*$/, '-*');
}
