import path from 'node:path';
import { StartError } from '../../errors.ts';

/** Where a session finds the weights of a graph, and what the graph calls their files. */
export interface WeightsFolder {
  weightsFolder: string;
  /** Names a weight file inside the folder. */
  fileName: (location: { file: string }) => string;
}

/** @throws {StartError} for files on several drives of Windows. */
export function weightsFolderOf(locations: readonly { file: string }[]): WeightsFolder {
  const weightsFolder = folderOfAll(locations.map(({ file }) => file));
  return {
    weightsFolder,
    fileName: ({ file }) => path.relative(weightsFolder, file).replaceAll(path.sep, '/'),
  };
}

/**
 * The innermost folder that contains all files: ONNX Runtime finds the weights of a graph below one folder, by relative
 * names that lead neither out of it nor through a link.
 *
 * @param files absolute paths, links resolved.
 * @throws {StartError} for files on several drives of Windows.
 */
export function folderOfAll(files: readonly string[]): string {
  const [first = '', ...others] = new Set(files.map((file) => path.dirname(file)));
  let folder = first;
  for (const other of others) {
    while (!isWithin(other, folder)) {
      const parent = path.dirname(folder);
      if (parent === folder) throw new StartError(`The weights are in ${first} and ${other}; put them on one drive.`);
      folder = parent;
    }
  }
  return folder;
}

function isWithin(place: string, folder: string): boolean {
  const way = path.relative(folder, place);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}
