import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/package-info.ts';
import { configOf, modelShapes, type RandomTask, tensorsOf } from './model-shapes.ts';
import { writeRandomWeights } from './random-weights.ts';

// A model folder of a published model's exact shape with random weights: for measuring speed and memory, and for
// comparing implementations, where the real weights are not at hand. Its vectors and scores mean nothing.

const USAGE = `node dist/scripts/make-random-model.js --like ${Object.keys(modelShapes).join('|')} DIR [--task embed|rerank] [--seed N] [--tokenizer FILE]`;
const POOLING_MODES = ['cls_token', 'mean_tokens', 'max_tokens', 'mean_sqrt_len_tokens', 'weightedmean_tokens'];
const STAGES = ['Transformer', 'Pooling', 'Normalize'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    like: { type: 'string' },
    task: { type: 'string', default: 'embed' },
    seed: { type: 'string', default: '1' },
    tokenizer: { type: 'string' },
  },
});
const shape = modelShapes[values.like ?? ''];
const [folder] = positionals;
const seed = Number(values.seed);
const task = (['embed', 'rerank'] as const).find((known) => known === values.task);
if (!shape || folder === undefined || positionals.length > 1 || !Number.isInteger(seed) || !task) {
  process.stderr.write(`Usage: ${USAGE}\n`);
  process.exit(64);
}

const writeJson = (file: string, value: unknown) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
};
writeJson('config.json', configOf(shape, task));
// A reranker is published without files of sentence-transformers.
if (task === 'embed') writeEmbeddingFiles(shape.hidden_size);
copyTokenizer(folder, task, values.tokenizer);

const start = performance.now();
const tensors = tensorsOf(shape, task);
const files = await writeRandomWeights(folder, tensors, seed);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(
  `${tensors.length} tensors of random bfloat16 values (seed ${seed}) written to ${folder} in ${seconds} s: ${files.join(', ')}`,
);

function writeEmbeddingFiles(width: number): void {
  writeJson(
    'modules.json',
    STAGES.map((stage, idx) => ({
      idx,
      name: String(idx),
      path: idx === 0 ? '' : `${idx}_${stage}`,
      type: `sentence_transformers.models.${stage}`,
    })),
  );
  writeJson('1_Pooling/config.json', {
    word_embedding_dimension: width,
    ...Object.fromEntries(POOLING_MODES.map((mode) => [`pooling_mode_${mode}`, false])),
    pooling_mode_lasttoken: true,
    include_prompt: true,
  });
  writeJson('config_sentence_transformers.json', {
    prompts: {
      query: 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:',
      document: '',
    },
    default_prompt_name: null,
    similarity_fn_name: 'cosine',
  });
}

function copyTokenizer(target: string, task: RandomTask, given: string | undefined): void {
  // That of an embedding model appends a token.
  const named = task === 'embed' ? 'qwen3-embedding-0.6b' : 'qwen3-base-tokenizer';
  const real = path.join(packageRoot, '..', 'shared', 'data', named, 'tokenizer.json');
  const starter = path.join(packageRoot, 'models', 'starter', 'tokenizer.json');
  const source = given ?? (existsSync(real) ? real : starter);
  // Not copyFile: the source may be read-only, and the copy would be too.
  writeFileSync(path.join(target, 'tokenizer.json'), readFileSync(source));
  console.log(
    source === starter
      ? "tokenizer.json is the starter's: its ids fit the shape, but token counts are not those of the real model"
      : `tokenizer.json copied from ${source}`,
  );
}
