import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openWorkloads } from '../bench/workloads.ts';
import { rowAt, toBatch } from '../src/engine/protocol.ts';
import type { CausalWeights } from '../src/formats/causal/causal-weights.ts';
import { loadCausal } from '../src/formats/causal/load.ts';
import { describeModel } from '../src/formats/describe-model.ts';
import type { TensorLocation } from '../src/model-files/folder/safetensors.ts';
import { readInt8File } from '../src/model-files/int8/find-int8-file.ts';
import { SERVED_CHOICE } from '../src/model-files/int8/scheme.ts';
import { writeInt8File } from '../src/model-files/int8/write-int8-file.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';
import { resolveModel } from '../src/model-files/resolve-model.ts';
import { packageRoot } from '../src/package-info.ts';
import { cosine } from '../src/tasks/embedding/cosine.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import { packed } from './packed-weights.ts';
import { ndcgAt10, spearman } from './rank-measures.ts';

// `node dist/scripts/measure-int8.js [--model DIR]… [--matrices]`: how far int8 is from fp32. Prints tables in Markdown for
// docs/models.md and docs/decisions/0032. Texts come from the project's shared data; missing sets are left out.

const USAGE = `measure-int8 [--model DIR]… [--data DIR] [--matrices]
--model: the starter when left out. --data: folder with corpus/ and eval/. --matrices: which matrix costs how much.`;
const EVERYTHING = /_proj\.weight$/;
/** An outlier made by hand: exact in every precision. */
const OUTLIERS = [1, 64, 1024];
const MAX_TOKENS = 512;

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['starter'] },
    data: { type: 'string', default: path.join(packageRoot, '..', 'shared', 'data') },
    matrices: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
try {
  for (const model of values.model) await (values.matrices ? measureMatrices(model) : measureModel(model));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

type Embed = (texts: readonly string[]) => Promise<Float32Array[]>;

async function measureModel(name: string): Promise<void> {
  const manifest = await describeModel(resolveModel(name));
  const weights = packed(manifest);
  const exact = await embedder(manifest, weights, 'fp32');
  const int8 = await embedder(manifest, await quantize(weights, 'served'), 'int8');
  console.log(`\n| ${manifest.name} | fp32 | int8 |\n|---|---|---|`);
  const texts = await workloadTexts(manifest);
  const [a, b] = [await exact(texts), await int8(texts)];
  const cosines = a.map((vector, i) => cosine(vector, b[i] as Float32Array));
  console.log(`| cosine to fp32, ${texts.length} texts, min and mean | 1 | ${describe(cosines)} |`);
  for (const [what, score] of evaluations(values.data)) {
    // Hours for a large model, and nothing to be learned from one without knowledge.
    if (manifest.hiddenSize > 512) break;
    console.log(`| ${what} | ${(await score(exact)).toFixed(4)} | ${(await score(int8)).toFixed(4)} |`);
  }
}

/** Each kind of matrix alone in int8, all of them, and all of them with an outlier made by hand before down_proj. */
async function measureMatrices(name: string): Promise<void> {
  const manifest = await describeModel(resolveModel(name));
  const texts = await workloadTexts(manifest);
  const kinds = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
  const any = { isQuantizable: (tensor: string) => EVERYTHING.test(tensor), largestError: 1 };
  console.log(`\n| ${manifest.name}, in int8 | cosine to fp32, min and mean |\n|---|---|`);
  const exact = await (await embedder(manifest, packed(manifest), 'fp32'))(texts);
  const compare = async (what: string, weights: CausalWeights) => {
    const found = await (await embedder(manifest, weights, 'int8'))(texts);
    console.log(`| ${what} | ${describe(exact.map((vector, i) => cosine(vector, found[i] as Float32Array)))} |`);
  };
  const all = await quantize(packed(manifest), 'all', any);
  for (const kind of kinds) {
    const matrices = Object.entries(all.int8 ?? {}).filter(([tensor]) => tensor.includes(kind));
    await compare(`${kind} alone`, { ...all, int8: Object.fromEntries(matrices) });
  }
  await compare('all matrices', all);
  await compare(
    'all matrices that lose at most 4 %',
    await quantize(packed(manifest), 'few', { ...any, largestError: 0.04 }),
  );
  await compare('what is served: those, without down_proj', await quantize(packed(manifest), 'served'));
  for (const factor of manifest.hiddenSize > 512 ? [] : OUTLIERS) {
    const copy = await withOutlier(manifest, factor);
    await compare(`down_proj alone, one input × ${factor}`, {
      ...(await quantize(copy, `down-${factor}`, { ...any, isQuantizable: (tensor) => tensor.includes('down_proj') })),
    });
    await compare(`what is served, that input × ${factor}`, await quantize(copy, `served-${factor}`));
  }
}

/** A model that computes the same: an output of each up_proj times a power of two, that input of down_proj through it. */
async function withOutlier(manifest: ModelManifest, factor: number): Promise<CausalWeights> {
  const copy = path.join(folder, `outlier-${factor}`);
  cpSync(manifest.folder, copy, { recursive: true });
  const weights = packed(await describeModel({ name: 'outlier', folder: copy }));
  for (const [name, tensor] of Object.entries(weights.tensors)) {
    const [rows = 0, columns = 0] = tensor.shape;
    if (name.includes('up_proj'))
      scale(
        tensor,
        Array.from({ length: columns }, (_, i) => 7 * columns + i),
        factor,
      );
    if (name.includes('down_proj'))
      scale(
        tensor,
        Array.from({ length: rows }, (_, i) => i * columns + 7),
        1 / factor,
      );
  }
  return weights;
}

/** Multiplies elements of a BF16 tensor where it lies. */
function scale({ file, offset, dtype }: TensorLocation, elements: readonly number[], factor: number): void {
  if (dtype !== 'BF16') throw new Error(`outliers are made in BF16 tensors, not in ${dtype}`);
  const bytes = readFileSync(file);
  const value = Buffer.alloc(4);
  for (const element of elements) {
    bytes.copy(value, 2, offset + 2 * element, offset + 2 * element + 2);
    value.writeFloatLE(value.readFloatLE() * factor);
    value.copy(bytes, offset + 2 * element, 2);
  }
  writeFileSync(file, bytes);
}

async function quantize(weights: CausalWeights, name: string, choice = SERVED_CHOICE): Promise<CausalWeights> {
  const file = path.join(folder, `${name}.safetensors`);
  rmSync(file, { force: true });
  await writeInt8File(weights.tensors, file, choice, () => {});
  return { ...weights, int8: await readInt8File(weights.tensors, file) };
}

/** L2-normalized vectors in the order given; batches of like length. */
async function embedder(manifest: ModelManifest, weights: CausalWeights, dtype: 'fp32' | 'int8'): Promise<Embed> {
  const settings = { device: 'cpu', deviceId: 0, threads: 0, maxBatchTokens: 2048, mustBeatCpu: false } as const;
  const model = await loadCausal({ weights }, { ...settings, dtype, maxTokens: MAX_TOKENS, prepacking: true });
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
  return async (texts) => {
    const sequences = (await tokenizer.tokenize([...texts])).map(({ ids }, i) => ({ i, ids: cut(ids) }));
    sequences.sort((a, b) => a.ids.length - b.ids.length);
    const vectors: Float32Array[] = [];
    for (let first = 0; first < sequences.length; first += 8) {
      const batch = sequences.slice(first, first + 8);
      const { rows } = await model.run(toBatch(batch.map(({ ids }) => ids)));
      for (const [row, { i }] of batch.entries()) vectors[i] = unit(rowAt(rows, row, manifest.hiddenSize));
    }
    return vectors;
  };
}

/** The end token stays. */
function cut(ids: Int32Array): Int32Array {
  if (ids.length <= MAX_TOKENS) return ids;
  return Int32Array.of(...ids.subarray(0, MAX_TOKENS - 1), ids.at(-1) as number);
}

function unit(row: Float32Array): Float32Array {
  let squares = 0;
  for (const value of row) squares += value * value;
  return row.map((value) => value / Math.sqrt(squares));
}

/** Queries and passages: fewer for a large model. */
async function workloadTexts(manifest: ModelManifest): Promise<string[]> {
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
  const workloads = await openWorkloads(tokenizer);
  const count = manifest.hiddenSize > 512 ? 24 : 200;
  const items = [...(await workloads.take('q', count, 5)), ...(await workloads.take('p', count, 6))];
  return items.map(({ input }) => input);
}

/** What the shared data has: a name, and the score that vectors get. */
function* evaluations(data: string): Generator<[string, (embed: Embed) => Promise<number>]> {
  const lines = (...file: string[]) => {
    const place = path.join(data, 'eval', ...file);
    return existsSync(place) ? readFileSync(place, 'utf8').trim().split('\n') : [];
  };
  const pairs = async (rows: { a: string; b: string; score: number }[], embed: Embed) => {
    const first = await embed(rows.map(({ a }) => a));
    const second = await embed(rows.map(({ b }) => b));
    return spearman(
      rows.map(({ score }) => score),
      first.map((vector, i) => cosine(vector, second[i] as Float32Array)),
    );
  };
  const english = lines('stsb-en', 'sts-test.csv').map((line) => line.split('\t'));
  const chinese = lines('zh', 'cnsd-sts-test.txt').map((line) => line.split('||'));
  const toPair = (a?: string, b?: string, score?: string) => ({ a: a ?? '', b: b ?? '', score: Number(score) });
  if (english.length > 0) {
    const rows = english.map((line) => toPair(line[5], line[6], line[4]));
    yield ['STS-B test, English, Spearman', (embed) => pairs(rows, embed)];
  }
  if (chinese.length > 0) {
    const rows = chinese.map((line) => toPair(line[1], line[2], line[3]));
    yield ['STS-B test, Chinese, Spearman', (embed) => pairs(rows, embed)];
  }
  type Entry = { _id: string; title?: string; text: string };
  const corpus = lines('scifact', 'corpus.jsonl').map((line) => JSON.parse(line) as Entry);
  const queries = lines('scifact', 'queries.jsonl').map((line) => JSON.parse(line) as Entry);
  const relevant = lines('scifact', 'qrels', 'test.tsv').map((line) => line.split('\t'));
  if (corpus.length === 0 || queries.length === 0 || relevant.length === 0) return;
  yield [
    'SciFact test, nDCG@10',
    async (embed) => {
      const documents = await embed(corpus.map(({ title = '', text }) => `${title}\n${text}`));
      const asked = queries.filter(({ _id }) => relevant.some(([query]) => query === _id));
      const vectors = await embed(asked.map(({ text }) => text));
      const scores = asked.map(({ _id }, q) => {
        const wanted = new Set(relevant.flatMap(([query, document]) => (query === _id ? [document as string] : [])));
        const ranked = corpus
          .map((entry, i) => ({
            id: entry._id,
            score: cosine(vectors[q] as Float32Array, documents[i] as Float32Array),
          }))
          .sort((a, b) => b.score - a.score);
        return ndcgAt10(
          ranked.map(({ id }) => id),
          wanted,
        );
      });
      return scores.reduce((sum, score) => sum + score, 0) / scores.length;
    },
  ];
}

function describe(cosines: readonly number[]): string {
  const mean = cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
  return `${Math.min(...cosines).toFixed(5)}, ${mean.toFixed(6)}`;
}
