import process from 'node:process';

/** Whether the tests run in their long form: `npm run test:soak` sets it. */
export const isSoak = process.env.HOTVEC_TEST_SOAK === '1';
const scale = Number(process.env.HOTVEC_TEST_SOAK_SCALE ?? '1');

/** How many, or how long: `short` in `npm test`; in a soak run `long` times its scale, but never less than `short`. */
export function extent(short: number, long: number): number {
  return isSoak ? Math.max(short, Math.round(long * scale)) : short;
}

/** Minutes of the part that watches memory; `npm run test:soak -- --minutes N`. */
export const growthMinutes = Number(process.env.HOTVEC_TEST_SOAK_MINUTES ?? '10');
