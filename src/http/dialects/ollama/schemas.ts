import { Type } from 'typebox';
import { ollamaEmbeddingsExample, ollamaEmbedExample, ollamaPullExample, ollamaShowExample } from './examples.ts';

const modelOptions = {
  description: 'A served name or alias, with or without `:latest`; `NAME-query` and `NAME-document` choose the prompt',
};
const model = Type.String({ minLength: 1, ...modelOptions });
const options = Type.Optional(
  Type.Object({}, { description: 'Accepted and ignored: parameters for generation', additionalProperties: true }),
);
/** What Ollama's clients send about a process that they think they steer; it can change no vector here. */
const ignoredFields = {
  keep_alive: Type.Optional(
    Type.Union([Type.String(), Type.Number()], { description: 'Accepted and ignored: the model stays loaded' }),
  ),
  options,
};

/**
 * Inputs of a request, whatever `MAX_INPUTS` says. Its clients send all they have at once; of millions, which fit into a
 * body where they are a letter each, the bookkeeping alone would hold the event loop for seconds.
 */
const MOST_INPUTS = 100_000;

/** Body of `/api/embed`. Without inputs it asks whether the model is there. */
export const ollamaEmbedBody = (maxInputs: number) =>
  Type.Object(
    {
      model,
      input: Type.Optional(
        Type.Union(
          [Type.String(), Type.Array(Type.String({ minLength: 1 }), { maxItems: Math.max(maxInputs, MOST_INPUTS) })],
          {
            description:
              'A string or an array of at most 100,000 strings. Omitted or empty: no vectors, as when Ollama only loads the model',
          },
        ),
      ),
      truncate: Type.Optional(
        Type.Boolean({ description: 'Whether to cut off the end of inputs that are too long. Default: `true`' }),
      ),
      dimensions: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Components of a vector, for Matryoshka models; default: all' }),
      ),
      ...ignoredFields,
    },
    { additionalProperties: false, title: 'OllamaEmbedRequest', examples: [ollamaEmbedExample.request] },
  );

export const OllamaEmbeddingsBody = Type.Object(
  {
    model,
    prompt: Type.Optional(Type.String({ description: 'The text; its end is cut off if it is too long' })),
    ...ignoredFields,
  },
  { additionalProperties: false, title: 'OllamaEmbeddingsRequest', examples: [ollamaEmbeddingsExample.request] },
);

export const OllamaShowBody = Type.Object(
  {
    model: Type.Optional(Type.String(modelOptions)),
    name: Type.Optional(Type.String({ description: 'Older name of `model`, used if that is omitted or empty' })),
    system: Type.Optional(Type.String({ description: 'Accepted and ignored: this model does not generate text' })),
    template: Type.Optional(Type.String({ description: 'The same' })),
    verbose: Type.Optional(Type.Boolean({ description: 'Accepted and ignored: there are no further details' })),
    options,
  },
  { additionalProperties: false, title: 'OllamaShowRequest', examples: [ollamaShowExample.request] },
);

const ignored = { description: 'Accepted and ignored: nothing is downloaded' };

export const OllamaPullBody = Type.Object(
  {
    model: Type.Optional(Type.String(modelOptions)),
    name: Type.Optional(Type.String({ description: 'Older name of `model`, used if that is omitted or empty' })),
    stream: Type.Optional(Type.Boolean({ description: 'Accepted and ignored: there is only one line to send' })),
    insecure: Type.Optional(Type.Boolean(ignored)),
    username: Type.Optional(Type.String(ignored)),
    password: Type.Optional(Type.String(ignored)),
  },
  { additionalProperties: false, title: 'OllamaPullRequest', examples: [ollamaPullExample.request] },
);

export const OllamaProgress = Type.Object({ status: Type.Literal('success') }, { title: 'OllamaProgress' });

export const OllamaEmbedResponse = Type.Object(
  {
    model: Type.String({ description: 'The name that the request gave' }),
    embeddings: Type.Array(Type.Array(Type.Number()), {
      description: 'Vectors of length 1, in the order of the inputs',
    }),
    total_duration: Type.Integer({ description: 'Nanoseconds from the headers of the request to the response' }),
    load_duration: Type.Integer({ description: '0: the model is loaded' }),
    prompt_eval_count: Type.Integer({
      description: 'Tokens embedded, including special tokens and prompts, excluding padding',
    }),
  },
  { title: 'OllamaEmbedResponse' },
);

export const OllamaEmbeddingsResponse = Type.Object(
  { embedding: Type.Array(Type.Number(), { description: 'Of length 1; empty without a prompt' }) },
  { title: 'OllamaEmbeddingsResponse' },
);

const details = Type.Object({
  parent_model: Type.String(),
  format: Type.String({ description: '`safetensors` or `onnx`' }),
  family: Type.String(),
  families: Type.Array(Type.String()),
  parameter_size: Type.String({ description: 'Empty: unknown' }),
  quantization_level: Type.String({ description: 'Precision in use' }),
});

const listed = {
  name: Type.String({ description: 'A served name or alias, with `:latest`' }),
  model: Type.String({ description: 'The same' }),
  size: Type.Integer({ description: "Bytes of the model's files; 0 until it is loaded" }),
  digest: Type.String({ description: 'The fingerprint of the vector space' }),
  details,
};

export const OllamaTags = Type.Object(
  {
    models: Type.Array(
      Type.Object({ ...listed, modified_at: Type.String({ description: 'When this server started' }) }),
    ),
  },
  { title: 'OllamaTags' },
);

export const OllamaProcesses = Type.Object(
  {
    models: Type.Array(
      Type.Object({
        ...listed,
        expires_at: Type.String({ description: 'A century from the start: the model stays loaded' }),
        size_vram: Type.Integer({
          description: 'The same as `size` on a GPU, 0 on the CPU: how much of it is held is unknown',
        }),
        context_length: Type.Integer({ description: 'Maximum tokens of an input' }),
      }),
      { description: 'Empty until the model is loaded' },
    ),
  },
  { title: 'OllamaProcesses' },
);

export const OllamaModel = Type.Object(
  {
    modified_at: Type.String({ description: 'When this server started' }),
    capabilities: Type.Array(Type.String()),
    details,
    model_info: Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer()]), {
      description: 'Under the name in `general.architecture`: `context_length` and `embedding_length`',
    }),
  },
  { title: 'OllamaModel' },
);

export const OllamaVersion = Type.Object(
  { version: Type.String({ description: 'The version of Ollama whose API is implemented' }) },
  { title: 'OllamaVersion' },
);
