import { type Room, type Rooms, roomOf } from './room.ts';
import type { Import, SourceFile } from './source-file.ts';

/** Every import that `rooms` does not allow, every file without a room, and every entry of `rooms` that names nothing. */
export function importProblems(files: readonly SourceFile[], rooms: Rooms): string[] {
  const paths = new Set(files.map(({ path }) => path));
  const problems: string[] = [];
  /** Keys and ids of rooms that have a file. */
  const inhabited = new Set<string>();
  for (const file of files) {
    const home = roomOf(file.path, rooms);
    if (home === null) {
      problems.push(`${file.path} is in no room`);
      continue;
    }
    inhabited.add(home.key).add(home.id);
    const room = rooms[home.key]!;
    for (const imported of file.imports) {
      if (imported.isPackage) {
        if (!mayUsePackage(room, imported)) problems.push(`${file.path}: ${home.key} may not ${verb(imported)}`);
        continue;
      }
      const target = paths.has(imported.target) ? roomOf(imported.target, rooms) : null;
      const names = target === null ? [] : [target.key, target.id, imported.target];
      if (target?.id === home.id || allows(room.values, names)) continue;
      if (imported.isTypeOnly && allows(room.types, names)) continue;
      problems.push(`${file.path}: ${home.key} may not ${verb(imported)}`);
    }
  }
  return [...problems, ...staleEntries(rooms, inhabited, paths)];
}

/**
 * The ways by which `entry` and what it loads come to load the package: one chain of files for each file that does.
 * What is started by path, as a process or a worker of its own, is not loaded.
 */
export function waysToPackage(files: readonly SourceFile[], entry: string, packageName: string): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const ways = new Map([[entry, [entry]]]);
  const found: string[] = [];
  for (const [path, way] of ways) {
    for (const { target, isPackage, isTypeOnly } of byPath.get(path)?.imports ?? []) {
      if (isTypeOnly) continue;
      if (isPackage && target === packageName) found.push([...way, target].join(' → '));
      else if (!isPackage && !ways.has(target)) ways.set(target, [...way, target]);
    }
  }
  return found;
}

function mayUsePackage(room: Room, { target, isTypeOnly }: Import): boolean {
  return (
    target.startsWith('node:') || allows(room.packages, [target]) || (isTypeOnly && allows(room.packageTypes, [target]))
  );
}

function allows(entries: readonly string[] | undefined, names: readonly string[]): boolean {
  return entries?.some((entry) => names.includes(entry)) ?? false;
}

function verb({ target, isTypeOnly }: Import): string {
  return `${isTypeOnly ? 'import types from' : 'load'} ${target}`;
}

function staleEntries(rooms: Rooms, inhabited: ReadonlySet<string>, paths: ReadonlySet<string>): string[] {
  const unused = Object.keys(rooms).filter((key) => !inhabited.has(key));
  const named = Object.values(rooms).flatMap(({ values = [], types = [] }) => [...values, ...types]);
  const unknown = new Set(named.filter((entry) => !inhabited.has(entry) && !paths.has(entry)));
  return [
    ...unused.map((key) => `room ${key} has no file`),
    ...[...unknown].map((entry) => `${entry} is no room and no file`),
  ];
}
