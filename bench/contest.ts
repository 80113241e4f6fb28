import type { LoadTarget } from './load-generator.ts';

/** Two servers that may be compared, and how: what `against.ts` knows of a task. */
export interface Contest {
  /** What the servers are asked for. */
  models: readonly [string, string];
  targets: readonly [LoadTarget, LoadTarget];
  /** What is wrong with the answers: one line each; none: the servers may be compared. */
  complaints: readonly string[];
  /** Texts that a request is made of. */
  textsPerRequest: number;
  bodyOf: (side: 0 | 1, texts: readonly string[]) => string;
  /** What speed is counted in, and how many of them a request has. */
  unit: string;
  perRequest: number;
  /** How alike a server's answers are alone and together: title and figures. */
  alone: { title: string; figures: readonly [string, string] };
  /** The shape of the requests, and how alike the two servers' answers are. */
  shape: string;
  agreement: string;
}
