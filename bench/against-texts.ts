import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../src/package-info.ts';
import { ServerError } from './api-server.ts';

/** Documents of this repository with enough prose for a few hundred texts. */
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/models.md', 'docs/operations.md'];
const SHORTEST = 20;

/**
 * Where the texts of a comparison come from: each call gives the next ones. When all have been given, they come again
 * with a number in front, so that no server is asked for the very same text twice.
 *
 * @param file one text a line; undefined: paragraphs of the repository's documents.
 * @throws {ServerError} for a file that cannot be read or has no text.
 */
export function readAgainstTexts(file: string | undefined): (count: number) => string[] {
  const texts = file === undefined ? paragraphs() : lines(file);
  if (texts.length === 0) throw new ServerError(`${file} has no line with a text.`);
  let given = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      const lap = Math.floor(given / texts.length);
      const text = texts[given++ % texts.length] as string;
      return lap === 0 ? text : `${lap} ${text}`;
    });
}

function paragraphs(): string[] {
  return DOCUMENTS.flatMap((document) => readFileSync(path.join(packageRoot, document), 'utf8').split(/\n\s*\n/))
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph.length >= SHORTEST);
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (error) {
    throw new ServerError(`The texts cannot be read: ${(error as Error).message}`);
  }
}
