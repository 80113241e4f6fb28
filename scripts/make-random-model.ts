import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/package-info.ts';
import { configOf, modelShapes, tensorsOf } from './model-shapes.ts';
import { writeRandomWeights } from './random-weights.ts';

// A model folder of a published model's exact shape with random weights: for measuring speed and memory, and for
// comparing implementations, where the real weights are not at hand. Its vectors mean nothing.

const USAGE = `node dist/scripts/make-random-model.js --like ${Object.keys(modelShapes).join('|')} DIR [--seed N] [--tokenizer FILE]`;
const POOLING_MODES = ['cls_token', 'mean_tokens', 'max_tokens', 'mean_sqrt_len_tokens', 'weightedmean_tokens'];
const STAGES = ['Transformer', 'Pooling', 'Normalize'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { like: { type: 'string' }, seed: { type: 'string', default: '1' }, tokenizer: { type: 'string' } },
});
const shape = modelShapes[values.like ?? ''];
const [folder] = positionals;
const seed = Number(values.seed);
if (shape === undefined || folder === undefined || positionals.length > 1 || !Number.isInteger(seed)) {
  process.stderr.write(`Usage: ${USAGE}\n`);
  process.exit(64);
}

const writeJson = (file: string, value: unknown) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
};
writeJson('config.json', configOf(shape));
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
  word_embedding_dimension: shape.hidden_size,
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
copyTokenizer(folder, values.tokenizer);

const start = performance.now();
const tensors = tensorsOf(shape);
const files = await writeRandomWeights(folder, tensors, seed);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(
  `${tensors.length} tensors of random bfloat16 values (seed ${seed}) written to ${folder} in ${seconds} s: ${files.join(', ')}`,
);

function copyTokenizer(target: string, given: string | undefined): void {
  const real = path.join(packageRoot, '..', 'shared', 'data', 'qwen3-embedding-0.6b', 'tokenizer.json');
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
