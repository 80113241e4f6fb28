import { precisionClass } from '../engine/precision.ts';
import type { EngineInfo } from '../engine/protocol.ts';
import type { ScoreCanary } from '../model-files/manifest.ts';
import { cosine } from '../tasks/embedding/cosine.ts';
import type { Embedder, EmbedInput } from '../tasks/embedding/embedder.ts';
import { scoreTolerance as cosineTolerance, judge, judgeScores } from '../tasks/embedding/judge-canary.ts';
import { scoreTolerance } from '../tasks/reranking/check-scores.ts';
import type { OpenModel } from './open-model.ts';

/** One comparison with something known. Texts of a table, but for the verdict. */
export interface Check {
  what: string;
  wanted: string;
  found: string;
  passed: boolean;
}

/** Checks that have their reference in common. */
export interface CheckGroup {
  /** What computed the reference, or who published it. */
  reference: string;
  checks: Check[];
}

const TIME_LIMIT_MS = 600_000;
/** Published components are compared in half precision, too: with vectors of length one their digits differ by this. */
const HALF_PRECISION_COMPONENT = 5e-3;
/**
 * And quantized: at a cosine of 0.99, the least that passes, the components of a vector of 1,024 differ by 0.0044 in the
 * root of the mean square; of a normal distribution one in 150,000 is beyond this.
 */
const QUANTIZED_COMPONENT = 2e-2;

/**
 * Compares a started model's vectors with all that is known of it: the canary's scores and vectors, and what
 * others published.
 */
export async function verifyModel(model: OpenModel, info: EngineInfo): Promise<CheckGroup[]> {
  const { canary } = model.manifest;
  const groups: CheckGroup[] = [{ reference: 'the same inputs alone and in a batch', checks: [checkItself(info)] }];
  if (model.task === 'rerank') {
    const { scoreCanary } = model.manifest;
    return scoreCanary === null ? groups : [...groups, checkKnownScores(scoreCanary, info)];
  }
  if (canary !== null) {
    const golden = await checkGolden(model, model.service, info);
    groups.push({ reference: canary.reference, checks: [...checkScores(model, info), ...golden] });
  }
  for (const { source, tolerance, cases } of model.truth?.vectors ?? []) {
    const allowed = Math.max(tolerance, componentTolerance(info));
    const inputs = cases.map(({ text, isQuery }) => input(text, isQuery));
    const vectors = await embed(model.service, inputs);
    const checks = cases.map(({ text, isQuery, components }, i) => {
      const difference = largestDifference(vectors[i], components);
      return {
        what: `${isQuery ? 'query' : 'text'} ${quote(text)}, first ${components.length} components`,
        wanted: `± ${allowed}`,
        found: `off by ${difference.toExponential(1)}`,
        passed: difference <= allowed,
      };
    });
    groups.push({ reference: source, checks });
  }
  return groups;
}

function componentTolerance({ dtype }: EngineInfo): number {
  const kind = precisionClass(dtype);
  if (kind === 'single') return 0;
  return kind === 'half' ? HALF_PRECISION_COMPONENT : QUANTIZED_COMPONENT;
}

function checkItself({ canaryCosine, canaryDifference }: EngineInfo): Check {
  return {
    what: 'canary at start',
    wanted: 'passed',
    found: `cosine ${canaryCosine.toFixed(7)}, off by ${canaryDifference.toExponential(1)}`,
    // It would not have started.
    passed: true,
  };
}

function checkKnownScores(canary: ScoreCanary, { dtype, canaryScores }: EngineInfo): CheckGroup {
  const allowed = scoreTolerance(canary, dtype);
  const checks = canary.cases.map(({ query, document, score }, i) => {
    const found = canaryScores?.[0]?.[i] ?? Number.NaN;
    return {
      what: `${quote(query)} × ${quote(document)}`,
      wanted: `${score.toFixed(4)} ± ${allowed}`,
      found: found.toFixed(4),
      passed: Math.abs(found - score) <= allowed,
    };
  });
  return { reference: canary.reference, checks };
}

function checkScores({ manifest }: OpenModel, info: EngineInfo): Check[] {
  const scores = manifest.canary?.scores;
  if (scores === undefined) return [];
  const allowed = cosineTolerance(scores, info);
  return scores.cosines.flatMap((row, i) =>
    row.map((wanted, j) => {
      const found = info.canaryScores?.[i]?.[j] ?? Number.NaN;
      const one = { ...scores, cosines: [[wanted]] };
      const name = (index: number | undefined) => quote(manifest.canary?.cases[index ?? -1]?.text ?? '');
      return {
        what: `${name(scores.queries[i])} × ${name(scores.documents[j])}`,
        wanted: `${wanted.toFixed(4)} ± ${allowed}`,
        found: found.toFixed(4),
        passed: judgeScores([[found]], one, info) === null,
      };
    }),
  );
}

async function checkGolden({ manifest }: OpenModel, embedder: Embedder, info: EngineInfo): Promise<Check[]> {
  const { cases, tolerance } = manifest.canary ?? { cases: [], tolerance: 0 };
  const golden = cases.filter(({ vector }) => vector.length > 0);
  const vectors = await embed(
    embedder,
    golden.map(({ ids }) => input(ids, false)),
  );
  return golden.map(({ text, vector }, i) => {
    const found = vectors[i] ?? new Float32Array();
    const wanted = unitOf(vector.slice(0, found.length));
    const closeness = { cosine: cosine(found, wanted), difference: largestDifference(found, wanted) };
    return {
      what: `vector of ${quote(text)}`,
      wanted: precisionClass(info.dtype) === 'single' ? `± ${tolerance}` : 'cosine near 1',
      found: `cosine ${closeness.cosine.toFixed(7)}, off by ${closeness.difference.toExponential(1)}`,
      passed: judge(closeness, tolerance, info) === null,
    };
  });
}

function input(content: string | readonly number[], isQuery: boolean): EmbedInput {
  return { content, name: 'input', role: isQuery ? 'query' : null, instruction: null };
}

/** A model whose vectors are cut (`truncate_dim`) has its golden ones whole. */
function unitOf(vector: number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map((component) => component / norm);
}

/** One batch: neighbors must not show. */
async function embed(embedder: Embedder, inputs: EmbedInput[]): Promise<readonly Float32Array[]> {
  if (inputs.length === 0) return [];
  const options = { dimensions: null, normalize: true, truncate: 'error', timeLimit: TIME_LIMIT_MS } as const;
  return (await embedder.embed(inputs, options)).vectors;
}

/** Over the components that the reference has. NaN where one is missing. */
function largestDifference(found: Float32Array | undefined, reference: readonly number[]): number {
  return Math.max(...reference.map((component, i) => Math.abs((found?.[i] ?? Number.NaN) - component)));
}

/** The end of a text: its beginning may be a prompt that all have. */
function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= 40 ? `"${line}"` : `"…${line.slice(-39)}"`;
}
