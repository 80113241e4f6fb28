import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openWorkloads } from '../bench/workloads.ts';
import { rowAt, toBatch } from '../src/engine/protocol.ts';
import { decoderChoice } from '../src/formats/causal/causal-weights.ts';
import { describeModel } from '../src/formats/describe-model.ts';
import { encoderChoice } from '../src/formats/encoder/encoder-weights.ts';
import { loadModel } from '../src/formats/load-model.ts';
import type { ChoiceOf } from '../src/formats/own-graph/own-weights.ts';
import type { TensorLocation } from '../src/model-files/folder/safetensors.ts';
import { readInt8File } from '../src/model-files/int8/find-int8-file.ts';
import type { Int8Matrix, MatrixChoice, Tensors } from '../src/model-files/int8/scheme.ts';
import { writeInt8File } from '../src/model-files/int8/write-int8-file.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';
import { resolveModel } from '../src/model-files/resolve-model.ts';
import { packageRoot } from '../src/package-info.ts';
import { cosine } from '../src/tasks/embedding/cosine.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import { ndcgAt10, spearman } from './rank-measures.ts';
import { retrievalSets } from './retrieval-sets.ts';
import { similaritySets } from './similarity-sets.ts';

// `node dist/scripts/measure-int8.js [--model DIR]… [--matrices]: how far int8 is from fp32. Prints tables in Markdown for
// docs/models.md and docs/decisions/0032. Texts come from the project's shared data; missing sets are left out.

const USAGE = `measure-int8 [--model DIR]… [--data DIR] [--sets REGEX] [--bits 7|8] [--matrices]
--model: the starter when left out. --data: folder with corpus/ and eval/. --sets: which, by their names; all when left out.
--bits: of a weight; 7 for processors whose sums of products overflow, 8 when left out.
--matrices: which matrix costs how much.`;
/** An outlier made by hand: exact in every precision. */
const OUTLIERS = [1, 64, 1024];
const MAX_TOKENS = 512;
/** What is served, by format. */
const CHOICES: Readonly<Record<string, ChoiceOf>> = { causal: decoderChoice, encoder: encoderChoice };

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['starter'] },
    data: { type: 'string', default: path.join(packageRoot, '..', 'shared', 'data') },
    sets: { type: 'string', default: '' },
    matrices: { type: 'boolean', default: false },
    bits: { type: 'string', default: '8' },
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

type Role = 'query' | 'document';
type Embed = (texts: readonly string[], role?: Role) => Promise<Float32Array[]>;
/** What weights of both formats have. */
type Quantizable = ModelManifest<{ tensors: Tensors; int8?: Record<string, Int8Matrix> }>;

async function openModel(name: string): Promise<{ manifest: Quantizable; choice: MatrixChoice }> {
  const manifest = await describeModel(resolveModel(name));
  const choiceOf = CHOICES[manifest.format];
  if (choiceOf === undefined)
    throw new Error(`${name} is of the format ${manifest.format}, which has no int8 of its own.`);
  const bits = values.bits === '7' ? 7 : 8;
  return { manifest: manifest as Quantizable, choice: choiceOf(bits) };
}

async function measureModel(name: string): Promise<void> {
  const { manifest, choice } = await openModel(name);
  const exact = await embedder(manifest, 'fp32');
  const int8 = await embedder(await quantize(manifest, 'served', choice), 'int8');
  console.log(`\n| ${manifest.name} | fp32 | int8 |\n|---|---|---|`);
  const texts = await workloadTexts(manifest);
  const [a, b] = [await exact(texts), await int8(texts)];
  const cosines = a.map((vector, i) => cosine(vector, b[i] as Float32Array));
  console.log(`| cosine to fp32, ${texts.length} texts, lowest and mean | 1 | ${describe(cosines)} |`);
  for (const [what, score] of evaluations(values.data)) {
    // Hours for a large model, and nothing to be learned from one without knowledge.
    if (manifest.hiddenSize > 512) break;
    if (!new RegExp(values.sets).test(what)) continue;
    console.log(`| ${what} | ${(await score(exact)).toFixed(4)} | ${(await score(int8)).toFixed(4)} |`);
  }
}

/** Each kind of matrix alone in int8, all of them, and of a decoder all of them with an outlier made by hand before down_proj. */
async function measureMatrices(name: string): Promise<void> {
  const { manifest, choice } = await openModel(name);
  const texts = await workloadTexts(manifest);
  const any = { ...choice, isQuantizable: choice.isLayerMatrix, largestError: 1 };
  console.log(`\n| ${manifest.name}, in int8 | cosine to fp32, lowest and mean |\n|---|---|`);
  const exact = await (await embedder(manifest, 'fp32'))(texts);
  const compare = async (what: string, quantized: Quantizable) => {
    const found = await (await embedder(quantized, 'int8'))(texts);
    console.log(`| ${what} | ${describe(exact.map((vector, i) => cosine(vector, found[i] as Float32Array)))} |`);
  };
  const all = await quantize(manifest, 'all', any);
  const matrices = Object.entries(all.weights.int8 ?? {});
  for (const kind of new Set(matrices.map(([tensor]) => kindOf(tensor)))) {
    const int8 = Object.fromEntries(matrices.filter(([tensor]) => kindOf(tensor) === kind));
    await compare(`${kind} alone`, { ...all, weights: { ...all.weights, int8 } });
  }
  await compare('all matrices', all);
  await compare('what is served', await quantize(manifest, 'served', choice));
  for (const factor of manifest.format !== 'causal' || manifest.hiddenSize > 512 ? [] : OUTLIERS) {
    const copy = await withOutlier(manifest, factor);
    const down = { ...any, isQuantizable: (tensor: string) => tensor.includes('down_proj') };
    await compare(`down_proj alone, one input × ${factor}`, await quantize(copy, `down-${factor}`, down));
    await compare(`what is served, that input × ${factor}`, await quantize(copy, `served-${factor}`, choice));
  }
}

/** The name of a layer's matrix without the layer. */
function kindOf(tensor: string): string {
  return tensor.replace(/^.*?layers?\.\d+\./, '').replace(/\.weight$/, '');
}

/** A model that computes the same: an output of each up_proj times a power of two, that input of down_proj through it. */
async function withOutlier(manifest: Quantizable, factor: number): Promise<Quantizable> {
  const copy = path.join(folder, `outlier-${factor}`);
  cpSync(manifest.folder, copy, { recursive: true });
  const changed = (await describeModel({ name: 'outlier', folder: copy })) as Quantizable;
  for (const [name, tensor] of Object.entries(changed.weights.tensors)) {
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
  return changed;
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

async function quantize(manifest: Quantizable, name: string, choice: MatrixChoice): Promise<Quantizable> {
  const { weights } = manifest;
  const file = path.join(folder, `${name}.safetensors`);
  rmSync(file, { force: true });
  await writeInt8File(weights.tensors, file, choice, () => {});
  return { ...manifest, weights: { ...weights, int8: await readInt8File(weights.tensors, file) } };
}

/** L2-normalized vectors in the order given, of texts behind the model's own prompt for a role; batches of like length. */
async function embedder(manifest: Quantizable, dtype: 'fp32' | 'int8'): Promise<Embed> {
  const settings = { device: 'cpu', deviceId: 0, threads: 0, maxBatchTokens: 2048, mustBeatCpu: false } as const;
  const maxTokens = Math.min(MAX_TOKENS, manifest.maxTokens);
  const model = await loadModel(manifest, { ...settings, dtype, maxTokens, prepacking: true });
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
  return async (texts, role) => {
    const prompt = (role === undefined ? undefined : manifest.prompts[role]) ?? manifest.defaultPrompt;
    const encodings = await tokenizer.tokenize(texts.map((text) => prompt + text));
    const sequences = encodings.map(({ ids }, i) => ({ i, ids: cut(ids, maxTokens) }));
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
function cut(ids: Int32Array, maxTokens: number): Int32Array {
  if (ids.length <= maxTokens) return ids;
  return Int32Array.of(...ids.subarray(0, maxTokens - 1), ids.at(-1) as number);
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
  for (const { name, pairs } of similaritySets(data)) {
    yield [
      `${name}, Spearman`,
      async (embed) => {
        const first = await embed(pairs.map(({ a }) => a));
        const second = await embed(pairs.map(({ b }) => b));
        return spearman(
          pairs.map(({ score }) => score),
          first.map((vector, i) => cosine(vector, second[i] as Float32Array)),
        );
      },
    ];
  }
  for (const { name, documents, queries } of retrievalSets(data)) {
    yield [
      `${name}, nDCG@10`,
      async (embed) => {
        const texts = await embed(
          documents.map(({ text }) => text),
          'document',
        );
        const questions = await embed(
          queries.map(({ text }) => text),
          'query',
        );
        const scores = queries.map(({ relevant }, q) => {
          const ranked = documents
            .map(({ id }, i) => ({ id, score: cosine(questions[q] as Float32Array, texts[i] as Float32Array) }))
            .sort((a, b) => b.score - a.score);
          return ndcgAt10(
            ranked.map(({ id }) => id),
            relevant,
          );
        });
        return scores.reduce((sum, score) => sum + score, 0) / scores.length;
      },
    ];
  }
}

function describe(cosines: readonly number[]): string {
  const mean = cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
  return `${Math.min(...cosines).toFixed(5)}, ${mean.toFixed(6)}`;
}
