/** What the files of one room may import, besides each other. */
export interface Room {
  /** Rooms, or single files of rooms, that it may load. */
  values?: readonly string[];
  /** Rooms or files of which it may know the types only. */
  types?: readonly string[];
  /** Packages that it may load. */
  packages?: readonly string[];
  /** Packages of which it may know the types only. */
  packageTypes?: readonly string[];
}

/** By path below src: a file, or a folder without its subfolders that are rooms; `*` is any one folder, each its own room. */
export type Rooms = Readonly<Record<string, Room>>;

export interface Placed {
  /** The key in `Rooms`. */
  key: string;
  /** The key with each `*` replaced by its folder. */
  id: string;
}

/** The narrowest room that has the file. */
export function roomOf(file: string, rooms: Rooms): Placed | null {
  const segments = file.split('/');
  for (let length = segments.length; length > 0; length--) {
    const id = segments.slice(0, length).join('/');
    const wild = [...segments.slice(0, length - 1), '*'].join('/');
    if (Object.hasOwn(rooms, id)) return { key: id, id };
    if (length < segments.length && Object.hasOwn(rooms, wild)) return { key: wild, id };
  }
  return null;
}
