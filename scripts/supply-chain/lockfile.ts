import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What is read of package.json. */
export interface PackageManifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  /** Folders of this repository with a package.json of their own. */
  workspaces?: string[];
  allowScripts?: Record<string, boolean>;
}

/** What is read of an entry of package-lock.json. */
export interface LockedPackage extends Partial<Omit<PackageManifest, 'allowScripts'>> {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  license?: string;
  dev?: boolean;
  hasInstallScript?: boolean;
}

export interface Lockfile {
  lockfileVersion: number;
  /** By folder: `''` is the project itself, `node_modules/…` what is installed. */
  packages: Record<string, LockedPackage>;
}

/** Folder and entry of what is installed; the project itself, and its workspaces, left out. */
export function installedPackages({ packages }: Lockfile): [folder: string, entry: LockedPackage][] {
  const workspaces = (packages['']?.workspaces ?? []).map((folder) => [folder, packages[folder]?.name]);
  return Object.entries(packages).filter(
    ([folder, { link, resolved }]) =>
      folder !== '' &&
      !workspaces.some(([at, name]) => folder === at || (link && resolved === at && folder === `node_modules/${name}`)),
  );
}

/** What users get: all but the tools of developers. */
export function productionPackages(lockfile: Lockfile): [folder: string, entry: LockedPackage][] {
  return installedPackages(lockfile).filter(([, { dev }]) => dev !== true);
}

/** A package of which code is in the playground's page: a tool of developers for npm, and yet passed on. */
export interface BundledPackage {
  name: string;
  version: string;
  license?: string;
  /** Whether it brings a license text. */
  hasText: boolean;
}

/** What the build wrote down. @param root of the project. */
export function bundledPackages(root: string): BundledPackage[] {
  const file = path.join(root, 'dist', 'playground', 'page', 'bundled-packages.json');
  return JSON.parse(readFileSync(file, 'utf8')) as BundledPackage[];
}

/** `node_modules/a/node_modules/@b/c` → `@b/c`. */
export function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
