import { SeededRandom } from '../support/seeded-random.ts';

/** Bodies of `/v1/embeddings`, no text twice: equal ones would be computed once. */
export function uniqueBodies(count: number, textsPerRequest: number, seed: number): string[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, request) => {
    const input = Array.from(
      { length: textsPerRequest },
      (_, i) => `seed ${seed} request ${request} text ${i} ${random.words()}`,
    );
    return JSON.stringify({ input, encoding_format: 'base64' });
  });
}
