import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';
import { importProblems, waysToPackage } from './structure/import-problems.ts';
import { COMPUTING_PACKAGE, KEPT_SMALL, MAIN_ENTRY, rooms } from './structure/rooms.ts';
import { sizeProblems } from './structure/size-problems.ts';
import { readSources } from './structure/source-file.ts';
import { wordProblems } from './structure/word-problems.ts';

// Part of `npm run lint`: do the files of src lie, and import each other, as scripts/structure/rooms.ts says, and is none too long, or too
// short to be one?

const src = path.join(packageRoot, 'src');
const files = readSources(src);
const texts = files.map((file) => ({ path: file.path, text: readFileSync(path.join(src, file.path), 'utf8') }));
const problems = [
  ...importProblems(files, rooms),
  ...waysToPackage(files, MAIN_ENTRY, COMPUTING_PACKAGE).map((way) => `The main process loads ${way}`),
  ...sizeProblems(files, KEPT_SMALL),
  ...wordProblems(texts),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error('What each room may import, and why, is in scripts/structure/rooms.ts.');
  process.exitCode = 1;
}
