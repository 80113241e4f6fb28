import { Type } from 'typebox';
import { DTYPES, WEIGHT_KINDS } from '../model-files/manifest.ts';

/** As after `@` in MODEL: it becomes a path in the cache, and must not lead out of it. */
const REVISION = {
  pattern: '^(?!.*\\.\\.)(\\w([\\w./-]*[\\w.-])?)?$',
  wanted: 'a branch, a tag or a commit: letters, digits and . _ - /, without ..',
};

/** What a model is, and how it is computed. Of several models each may have its own (models-file.ts). */
export const modelSettings = {
  model: Type.String({
    default: 'starter',
    minLength: 1,
    description:
      'What to serve: `starter` or `starter-reranker`, which come with hotvec; a hub model, `Qwen/Qwen3-Embedding-0.6B` or `owner/name@revision`, downloaded once; or a folder. Several, comma-separated, are served side by side',
  }),
  modelsFile: Type.String({
    default: '',
    description: 'YAML file listing several models, each with its own settings, instead of `MODEL`; see docs/models.md',
  }),
  revision: Type.String({
    default: '',
    ...REVISION,
    description: "Branch, tag or commit of a hub model; empty: the part after `@` in `MODEL`, or the hub's main branch",
  }),
  servedModelName: Type.String({
    default: '',
    description: 'The name clients use in `model`; empty: the name of the model or its folder',
  }),
  aliases: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description: 'Additional names clients may use in `model`, e.g. `text-embedding-3-small`; comma-separated',
  }),
  device: Type.Enum(['auto', 'cpu', 'cuda', 'webgpu'], {
    default: 'auto',
    description:
      'Where to compute: `cpu`, `cuda` (the GPU image has it), `webgpu`; `auto`: the first of `cuda`, `webgpu`, `cpu` that works. A named device that does not work is an error at startup',
  }),
  deviceId: Type.Array(Type.Integer({ minimum: 0, maximum: 1023 }), {
    default: [0],
    uniqueItems: true,
    description: 'Which CUDA devices to use, counted from 0; `0,1` starts an engine process on each',
  }),
  dtype: Type.Enum(['auto', ...DTYPES], {
    default: 'auto',
    description:
      'Precision of the computation; `auto`: for safetensors `bf16` on `cuda`, else `fp32`; for ONNX exports the most exact one available. `int8` on the CPU quantizes safetensors once, see docs/models.md',
  }),
  weights: Type.Enum(['auto', ...WEIGHT_KINDS], {
    default: 'auto',
    description:
      'Which weights of a model that has both: `safetensors`, computed by graphs of hotvec, or `onnx`, an export by someone else; `auto`: safetensors if hotvec computes their architecture, unless only an export has the `DTYPE` that is named',
  }),
  task: Type.Enum(['auto', 'embed', 'rerank'], {
    default: 'auto',
    description:
      'What the model is for: `embed`, `rerank`; `auto`: what its files say. A language model whose files do not say it needs this setting',
  }),
  pooling: Type.Enum(['auto', 'last_token', 'cls', 'mean', 'max', 'mean_sqrt_len', 'weighted_mean', 'in_graph'], {
    default: 'auto',
    description:
      'How a text becomes one vector, for a model folder without modules.json: `last_token`, `cls`, `mean`, `max`, `mean_sqrt_len`, `weighted_mean`, or `in_graph` for an ONNX export that outputs `sentence_embedding`',
  }),
  matryoshkaDimensions: Type.Array(Type.Integer({ minimum: 1 }), {
    default: [],
    wanted: 'a comma-separated list of integers, each at least 1',
    description:
      'Sizes that `dimensions` may reduce vectors to, for a Matryoshka model whose `config.json` does not list them, e.g. `64,128,256`; empty: what the model says',
  }),
  emptyTexts: Type.Enum(['error', 'zeros'], {
    default: 'error',
    description:
      'What becomes of a text that a static embedding model reads nothing of, an empty one say: `error`, or `zeros`, a vector of zeros as from model2vec and sentence-transformers',
  }),
  threads: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1024,
    description: 'Threads of the engine, of all its processes on a device together; 0: one per core it may use',
  }),
  enginesPerDevice: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 64,
    description:
      'Engine processes on each device, which share its threads and compute a batch each: more texts a second of a small model, for more memory and slower single texts; 0: one, and for runs over files as many as suit the model',
  }),
  prepacking: Type.Boolean({
    default: true,
    description:
      'Rearrange the weights for speed while loading. Off: faster startup and less memory, but short texts are slower. Those of encoders in safetensors are rearranged always: their vectors would depend on the batch',
  }),
  maxInputTokens: Type.Integer({
    default: 8192,
    minimum: 8,
    description: "Maximum tokens of an input, including special tokens; the model's own limit if that is lower",
  }),
  maxBatchTokens: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Maximum tokens in a batch, counting shared prefixes once and padding too; 0: the smallest batch that reaches 90 % of the best speed, measured at startup',
  }),
  vectorCacheMb: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_048_576,
    description: 'Memory for caching computed vectors, in MiB: repeated inputs are answered from it; 0: no cache',
  }),
  maxQueueTokens: Type.Integer({
    default: 600_000,
    minimum: 1,
    description:
      'Maximum tokens waiting in the queue, of which a large request counts for at most an eighth; beyond that requests get 429 with `retry-after`',
  }),
};
