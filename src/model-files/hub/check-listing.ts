import { StartError } from '../../errors.ts';
import type { Hub, Listing } from './hub.ts';

/** What the digests that hubs publish look like. */
export const DIGESTS = { 'git-sha1': /^[0-9a-f]{40}$/, sha256: /^[0-9a-f]{64}$/ } as const;
/** A commit; ModelScope often gives only its first digits. */
const COMMIT = /^[0-9a-f]{7,40}$/;

/**
 * Checks what a hub says of its files before anything is done with it: digests and commits become paths of the cache,
 * and a hub or mirror under someone else's control could make them point to the user's own files.
 *
 * @throws {StartError} naming the first entry that cannot be.
 */
export function checkListing(listing: Listing, { title }: Pick<Hub, 'title'>): Listing {
  const { repository, revision, files } = listing;
  const refuse = (what: string, value: unknown) =>
    new StartError(
      `${title}: the hub's file list for ${repository} is damaged: ${what} is ${shorten(value)}. Check HF_ENDPOINT or MODELSCOPE_ENDPOINT, or use another mirror.`,
    );
  if (!COMMIT.test(revision)) throw refuse('the commit', revision);
  for (const { path, algorithm, digest, size, revision: changed } of files) {
    if (typeof path !== 'string') throw refuse('a file name', path);
    const file = shorten(path);
    if (typeof digest !== 'string' || !DIGESTS[algorithm].test(digest)) {
      throw refuse(`the ${algorithm} of ${file}`, digest);
    }
    if (!Number.isSafeInteger(size) || size < 0) throw refuse(`the size of ${file}`, size);
    if (changed !== undefined && !(typeof changed === 'string' && /^\w[\w./-]*$/.test(changed)))
      throw refuse(`the commit of ${file}`, changed);
  }
  return listing;
}

/** A value of any kind on one line, cut where it is long. */
function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
