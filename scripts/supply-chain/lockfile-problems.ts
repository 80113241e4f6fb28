import path from 'node:path';
import { installedPackages, type Lockfile, nameOf, type PackageManifest } from './lockfile.ts';

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
/** A range of versions of a registry, or another name for one; no git, address, folder or archive. */
const FROM_REGISTRY = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?[\w.\-+<>=~^*| ]+$/;

/**
 * What in a lockfile would let something else be installed than what was reviewed, one line each:
 *
 * - an entry without a hash, from git, an address or a folder, or with the host it came from, which differs from mirror to
 *   mirror and would be asked first;
 * - a dependency of package.json, or of that of a workspace, that the lockfile does not have in the same range, or the
 *   other way around;
 * - a package with an install script that `allowScripts` does not name, so it was never decided about; or a name there
 *   that no package with a script bears any more.
 *
 * @param workspaces what is read of their package.json, by folder.
 */
export function lockfileProblems(
  manifest: PackageManifest,
  lockfile: Lockfile,
  workspaces: Readonly<Record<string, PackageManifest>>,
): string[] {
  const problems: string[] = [];
  if (lockfile.lockfileVersion !== 3) problems.push(`lockfileVersion is ${lockfile.lockfileVersion}; expected 3`);
  for (const [folder, entry] of installedPackages(lockfile)) {
    if (entry.link === true) problems.push(`${folder} is a link to a folder`);
    else if (!/^sha512-/.test(entry.integrity ?? '')) problems.push(`${folder} has no sha512 hash`);
    if (entry.resolved !== undefined) problems.push(`${folder} names where it came from: ${entry.resolved}`);
    problems.push(...foreignRanges(folder, entry));
  }
  for (const [folder, owner] of Object.entries({ '': manifest, ...workspaces })) {
    const file = path.posix.join(folder, 'package.json');
    problems.push(...foreignRanges(file, owner));
    for (const kind of KINDS) {
      problems.push(...drift(file, kind, owner[kind] ?? {}, lockfile.packages[folder]?.[kind] ?? {}));
    }
  }
  return [...problems, ...undecidedScripts(manifest, lockfile)];
}

function foreignRanges(
  where: string,
  owner: Partial<Record<(typeof KINDS)[number], Record<string, string>>>,
): string[] {
  return KINDS.flatMap((kind) => Object.entries(owner[kind] ?? {}))
    .filter(([, range]) => range !== '' && !FROM_REGISTRY.test(range))
    .map(([name, range]) => `${where} wants ${name} from elsewhere than a registry: ${range}`);
}

function drift(file: string, kind: string, wanted: Record<string, string>, locked: Record<string, string>): string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(locked)])]
    .filter((name) => wanted[name] !== locked[name])
    .map((name) => `${kind}: ${file} has ${name} ${wanted[name]}, the lockfile ${locked[name]}; run npm install`);
}

function undecidedScripts({ allowScripts = {} }: PackageManifest, lockfile: Lockfile): string[] {
  const withScript = new Set(
    installedPackages(lockfile)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([folder]) => nameOf(folder)),
  );
  return [
    ...[...withScript]
      .filter((name) => !Object.hasOwn(allowScripts, name))
      .map((name) => `${name} has an install script: read it, and name it in allowScripts of package.json`),
    ...Object.keys(allowScripts)
      .filter((name) => !withScript.has(name))
      .map((name) => `allowScripts of package.json names ${name}, which has no install script`),
  ];
}
