import { type Static, type TSchema, Type } from 'typebox';
import { Check, Errors } from 'typebox/schema';
import { StartError } from '../errors.ts';

const CanarySchema = Type.Object({
  /** What computed the vectors. */
  reference: Type.String(),
  /** Largest difference allowed in a component, in float32 on a CPU. */
  tolerance: Type.Number({ exclusiveMinimum: 0 }),
  cases: Type.Array(
    Type.Object({
      /** As the model reads it: a prompt is part of it. */
      text: Type.String(),
      /** Token ids of `text`, special tokens included. */
      ids: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }),
      /** hiddenSize components, L2-normalized; empty if only `scores` refers to the text. */
      vector: Type.Array(Type.Number()),
    }),
    { minItems: 1 },
  ),
  /** Cosines of pairs of cases. */
  scores: Type.Optional(
    Type.Object({
      /** Positions in `cases`. */
      queries: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }),
      documents: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }),
      /** [queries][documents] */
      cosines: Type.Array(Type.Array(Type.Number({ minimum: -1, maximum: 1 }))),
      /** Largest difference allowed in fp32. */
      tolerance: Type.Number({ exclusiveMinimum: 0 }),
      /** The same in bf16 and fp16. */
      halfPrecisionTolerance: Type.Number({ exclusiveMinimum: 0 }),
    }),
  ),
});

const positive = Type.Number({ exclusiveMinimum: 0 });
const ScoreCanarySchema = Type.Object({
  /** What computed the scores. */
  reference: Type.String(),
  cases: Type.Array(
    Type.Object({
      query: Type.String(),
      document: Type.String(),
      /** Token ids of the pair in the model's template. */
      ids: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }),
      /** What the head gives, before its activation. */
      score: Type.Number(),
    }),
    { minItems: 1 },
  ),
  /** Largest difference allowed of a score, in float32, in half precision, and quantized. */
  tolerance: Type.Object({ single: positive, half: positive, quantized: positive }),
});

/** Pairs whose scores are known from elsewhere; the engine must reproduce them before it serves. */
export type ScoreCanary = Static<typeof ScoreCanarySchema>;

/** Texts whose vectors or scores are known from elsewhere; the engine must reproduce them before it serves. */
export type Canary = Static<typeof CanarySchema>;
export type CanaryScores = NonNullable<Canary['scores']>;

const fail = (what: string) => new StartError(`hotvec-canary.json: ${what}. Correct the file, or remove it.`);

function checkSchema<Schema extends TSchema>(schema: Schema, json: unknown): asserts json is Static<Schema> {
  if (Check(schema, json)) return;
  const [, [first]] = Errors(schema, json);
  throw fail(`${first?.instancePath || 'the file'} ${first?.message}`);
}

/**
 * Checks a parsed `hotvec-canary.json` of a reranker.
 * @throws {StartError} naming what is wrong.
 */
export function parseScoreCanary(json: unknown): ScoreCanary {
  checkSchema(ScoreCanarySchema, json);
  return json;
}

/**
 * Checks a parsed `hotvec-canary.json` of an embedding model.
 * @param hiddenSize components of a vector.
 * @throws {StartError} naming what is wrong: a canary that checks nothing is worse than none.
 */
export function parseCanary(json: unknown, hiddenSize: number): Canary {
  checkSchema(CanarySchema, json);
  const { cases, scores } = json;
  for (const [i, { vector }] of cases.entries()) {
    if (vector.length === hiddenSize) continue;
    const isScored = scores?.queries.includes(i) || scores?.documents.includes(i);
    if (vector.length > 0 || !isScored) {
      throw fail(`/cases/${i}/vector has ${vector.length} components, expected ${hiddenSize}`);
    }
  }
  if (scores === undefined) return json;
  const { queries, documents, cosines } = scores;
  const missing = [...queries, ...documents].find((index) => index >= cases.length);
  if (missing !== undefined) throw fail(`/scores refers to case ${missing}, but there are only ${cases.length}`);
  if (cosines.length !== queries.length || cosines.some((row) => row.length !== documents.length)) {
    throw fail(`/scores/cosines must be ${queries.length} × ${documents.length}`);
  }
  return json;
}
