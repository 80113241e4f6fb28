import { bytes, count } from './units.ts';

/** What is read of a model of `/v1/models`. */
export interface DescribedModel {
  task: 'embed' | 'rerank';
  dimensions?: number;
  min_dimensions?: number;
  is_matryoshka?: boolean;
  matryoshka_dimensions?: number[] | null;
  pooling?: string;
  normalize?: boolean;
  activation?: 'sigmoid' | 'identity';
  default_instruction?: string | null;
  pair_template?: string;
  max_input_tokens: number;
  max_request_tokens: number;
  max_inputs: number;
  max_body_bytes: number;
  vocabulary_size: number;
  batch_tokens: number | null;
  weights: 'safetensors' | 'onnx';
  dtype: string | null;
  device: string | null;
  revision: string | null;
}

export interface Fact {
  name: string;
  value: string;
  /** What that means for whoever uses the model. */
  about?: string;
}

export interface FactGroup {
  title: string;
  facts: readonly Fact[];
}

const LATER = 'known once it is loaded';
const DTYPES: Record<string, string> = {
  fp32: 'Floats of 32 bits.',
  fp16: 'Floats of 16 bits.',
  bf16: 'Floats of 16 bits, with the range of those of 32.',
  int8: 'Weights are integers of 8 bits.',
};
const DEVICES: Record<string, string> = { cpu: 'CPU', cuda: 'GPU, by CUDA', webgpu: 'GPU, by WebGPU' };
const POOLINGS: Record<string, string> = {
  last_token: 'The state of the last token is the vector.',
  cls: 'The state of the first token is the vector.',
  mean: 'The states of all tokens are averaged.',
};

/** What a model is, in words. */
export function modelFacts(model: DescribedModel): FactGroup[] {
  return [
    { title: 'What it gives', facts: model.task === 'embed' ? embeddingFacts(model) : rerankingFacts(model) },
    { title: 'How it is computed', facts: computingFacts(model) },
    { title: 'Limits', facts: limitFacts(model) },
  ];
}

function embeddingFacts(model: DescribedModel): Fact[] {
  const { dimensions = 0, min_dimensions: least = dimensions, pooling = '' } = model;
  const trained = model.matryoshka_dimensions;
  const sizes = trained ? `, trained for ${trained.map(count).join(', ')}` : '';
  const cut = model.is_matryoshka
    ? `May be cut to any size from ${count(least)} (the field dimensions)${sizes}.`
    : 'Cannot be cut: the model was not trained for that.';
  return [
    { name: 'For each text', value: `a vector of ${count(dimensions)} numbers`, about: cut },
    model.normalize
      ? { name: 'Length of a vector', value: '1', about: 'So the dot product of two is their cosine similarity.' }
      : { name: 'Length of a vector', value: 'as the model gives it', about: 'Ask for normalize to have length 1.' },
    { name: 'Pooling', value: pooling.replaceAll('_', ' '), ...about(POOLINGS[pooling]) },
  ];
}

function rerankingFacts(model: DescribedModel): Fact[] {
  const isProbability = model.activation === 'sigmoid';
  return [
    {
      name: 'For each document',
      value: isProbability ? 'a score from 0 to 1' : 'a score, of any size',
      about: `The higher, the better it answers the query${isProbability ? '' : '; only the order means something'}.`,
    },
    {
      name: 'Instruction',
      value: model.default_instruction ?? 'none',
      about: model.default_instruction ? 'Where a request has none of its own.' : 'The model takes none.',
    },
    { name: 'Words around query and document', value: `from ${model.pair_template ?? 'the model'}` },
  ];
}

function computingFacts({ device, dtype, weights, revision, batch_tokens: batch, vocabulary_size }: DescribedModel) {
  const facts: Fact[] = [
    { name: 'Device', value: device === null ? LATER : (DEVICES[device] ?? device) },
    { name: 'Precision', value: dtype ?? LATER, ...about(DTYPES[dtype ?? '']) },
    {
      name: 'Graph',
      value: weights === 'safetensors' ? "hotvec's own graph" : 'an ONNX export',
      about: weights === 'safetensors' ? 'From the published safetensors.' : 'As somebody exported it.',
    },
    {
      name: 'Batch',
      value: batch === null ? LATER : `up to ${count(batch)} tokens`,
      about: 'Of several texts together; a longer text is computed alone.',
    },
    { name: 'Vocabulary', value: `${count(vocabulary_size)} tokens` },
  ];
  return revision === null ? facts : [...facts, { name: 'Revision', value: revision }];
}

function limitFacts(model: DescribedModel): Fact[] {
  const texts = model.task === 'embed' ? 'texts' : 'documents';
  return [
    {
      name: model.task === 'embed' ? 'A text' : 'Query and document',
      value: `${count(model.max_input_tokens)} tokens`,
      about: 'Longer ones are refused, or cut where the request says so (truncate).',
    },
    {
      name: 'A request',
      value: `${count(model.max_inputs)} ${texts}`,
      about: `${count(model.max_request_tokens)} tokens together, and ${bytes(model.max_body_bytes)} as JSON.`,
    },
  ];
}

function about(text: string | undefined): Pick<Fact, 'about'> {
  return text === undefined ? {} : { about: text };
}
