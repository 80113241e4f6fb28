import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Mutant } from './mutants.ts';

/** A file of the built code that has the place of a mutant, and its text with the bug in it. */
export interface Place {
  file: string;
  text: string;
  mutated: string;
}

/**
 * Finds a mutant's place below `dist`.
 * @throws if it is not found, or more than once: then it is unknown what the mutant would prove.
 */
export function placeOf({ name, room, find, replace }: Mutant, dist: string): Place {
  const folder = path.join(dist, 'src', room);
  const places = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .map((file) => path.join(folder, file))
    .map((file) => ({ file, text: readFileSync(file, 'utf8') }))
    .filter(({ text }) => occurrences(text, find) > 0);
  const [place, ...others] = places;
  if (place === undefined) throw new Error(`${name}: its place is not found in ${room}/ any more: ${find}`);
  const isGlobal = typeof find !== 'string' && find.global;
  if (others.length > 0 || (!isGlobal && occurrences(place.text, find) > 1)) {
    throw new Error(`${name}: its place is not the only one in ${room}/: ${find}`);
  }
  return { ...place, mutated: place.text.replace(find, () => replace) };
}

function occurrences(text: string, find: string | RegExp): number {
  if (typeof find === 'string') return text.split(find).length - 1;
  return text.match(new RegExp(find.source, 'g'))?.length ?? 0;
}
