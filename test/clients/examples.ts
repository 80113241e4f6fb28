import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

/** An example as its README shows it: the command to run, and what it prints. */
export interface Example {
  command: string;
  program: string;
  output: string;
}

export const examplesFolder = path.join(packageRoot, 'examples');

export const examples: Example[] = [
  ...readFileSync(path.join(examplesFolder, 'README.md'), 'utf8').matchAll(
    /```sh\n(node|python|sh) (\S+)\n```\n\n```text\n([^`]*)```/g,
  ),
].map(([, command = '', program = '', output = '']) => ({ command, program, output }));

/** Examples of engines that spread work over machines: a command with arguments, and the last line that it prints. */
export const engineExamples: (Example & { arguments: string })[] = [
  ...readFileSync(path.join(examplesFolder, 'README.md'), 'utf8').matchAll(
    /```sh\n(python) (\S+) ([^`\n]+)\n```\n\n```text\n([^`]*)```/g,
  ),
].map(([, command = '', program = '', given = '', output = '']) => ({ command, program, arguments: given, output }));
