/** What is read of package.json. */
export interface PackageManifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  allowScripts?: Record<string, boolean>;
}

/** What is read of an entry of package-lock.json. */
export interface LockedPackage extends Omit<PackageManifest, 'name' | 'allowScripts'> {
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

/** Folder and entry of what is installed, the project itself left out. */
export function installedPackages({ packages }: Lockfile): [folder: string, entry: LockedPackage][] {
  return Object.entries(packages).filter(([folder]) => folder !== '');
}

/** What users get: all but the tools of developers. */
export function productionPackages(lockfile: Lockfile): [folder: string, entry: LockedPackage][] {
  return installedPackages(lockfile).filter(([, { dev }]) => dev !== true);
}

/** `node_modules/a/node_modules/@b/c` → `@b/c`. */
export function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
