/** Longer paths are no slip of a base URL. */
const MOST = { characters: 256, segments: 8 };

/**
 * Which of the paths that there are is meant by one that is none: of `/v1/v1/embeddings`, `/openai/v1/embeddings/`,
 * `/v1/embeddings/embeddings` and the like, which come of a base URL that has a part too many or too few.
 * @returns undefined: none that is likely.
 */
export function meantPath(path: string, exists: (path: string) => boolean): string | undefined {
  if (path.length > MOST.characters) return undefined;
  const segments = path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
  if (segments.length > MOST.segments) return undefined;
  const once = segments.filter((segment, at) => segment !== segments[at - 1]);
  for (let from = 0; from < segments.length; from++) {
    for (const parts of [segments, once]) {
      const end = parts.slice(from).join('/');
      const found = [`/${end}`, `/v1/${end}`].find((candidate) => candidate !== path && exists(candidate));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
