import { type Static, Type } from 'typebox';
import { oneOf } from '../../openapi/schemas.ts';
import { cohereEmbedExample, cohereRerankExample, cohereV1EmbedExample } from './examples.ts';

export const embeddingTypes = ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'] as const;
export const inputTypes = ['search_document', 'search_query', 'classification', 'clustering', 'image'] as const;

const refused = 'Refused: this server embeds texts only; send them in `texts`';

const inputType = oneOf(inputTypes, {
  description:
    '`search_query`: with the query prompt of the model; the others: with its document prompt, if it has them. `image` is refused',
});

/** What both versions have. */
const commonFields = (maxInputs: number) => ({
  model: Type.String({ description: 'A served name or alias' }),
  texts: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: maxInputs, description: 'The texts' }),
  ),
  embedding_types: Type.Optional(
    Type.Array(oneOf(embeddingTypes), {
      minItems: 1,
      uniqueItems: true,
      description: 'Types in which each vector is returned, one or more. Default: `float`',
    }),
  ),
  truncate: Type.Optional(
    oneOf(['NONE', 'START', 'END'], {
      description: 'What to do with texts that are too long: refuse them, or cut off that side. Default: `END`',
    }),
  ),
  max_tokens: Type.Optional(
    Type.Integer({
      minimum: 8,
      description:
        "Maximum tokens of a text, including the prompt and special tokens; the model's limit if that is lower",
    }),
  ),
  output_dimension: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Components of a vector, for Matryoshka models; default: all' }),
  ),
  priority: Type.Optional(Type.Integer({ description: 'Accepted and ignored' })),
  images: Type.Optional(Type.Unknown({ description: refused })),
  inputs: Type.Optional(Type.Unknown({ description: refused })),
});

/** Body of `/v2/embed`. */
export function cohereEmbedBody(maxInputs: number) {
  return Type.Object(
    { ...commonFields(maxInputs), input_type: inputType },
    { additionalProperties: false, title: 'CohereEmbedRequest', examples: [cohereEmbedExample.request] },
  );
}

/** Body of `/v1/embed`: one without an input type gets no prompt. */
export function cohereV1EmbedBody(maxInputs: number) {
  return Type.Object(
    { ...commonFields(maxInputs), input_type: Type.Optional(inputType) },
    { additionalProperties: false, title: 'CohereV1EmbedRequest', examples: [cohereV1EmbedExample.request] },
  );
}

export type CohereEmbed = Static<ReturnType<typeof cohereV1EmbedBody>>;

const rows = (item: ReturnType<typeof Type.Number | typeof Type.Integer>, description: string) =>
  Type.Optional(Type.Array(Type.Array(item), { description }));

const byType = Type.Object(
  {
    float: rows(Type.Number(), 'Nine digits, enough to get the same float32 back'),
    int8: rows(Type.Integer(), '−127 to 127, see `output_dtype` of /v1/embeddings'),
    uint8: rows(Type.Integer(), 'The same plus 128'),
    binary: rows(Type.Integer(), 'One bit per component, eight to a byte, minus 128'),
    ubinary: rows(Type.Integer(), 'One bit per component, eight to a byte'),
    base64: Type.Optional(Type.Array(Type.String(), { description: 'Little-endian float32' })),
  },
  { description: 'For each requested type, one vector per text, in the order of the texts' },
);

/** What is around the vectors, in both versions. */
const around = {
  id: Type.String({ description: "The request's id, as in `x-request-id`" }),
  texts: Type.Array(Type.String(), { description: 'The texts of the request' }),
  meta: Type.Object({
    api_version: Type.Object({ version: Type.String() }),
    billed_units: Type.Object({
      input_tokens: Type.Integer({
        description: 'Tokens embedded, including special tokens and prompts, excluding padding',
      }),
    }),
  }),
};

export const CohereEmbedResponse = Type.Object(
  { response_type: Type.Literal('embeddings_by_type'), embeddings: byType, ...around },
  { title: 'CohereEmbedResponse' },
);

export const CohereV1EmbedResponse = Type.Object(
  {
    response_type: oneOf(['embeddings_floats', 'embeddings_by_type']),
    embeddings: Type.Union([
      Type.Array(Type.Array(Type.Number()), { description: '`embeddings_floats`: if no type was requested' }),
      byType,
    ]),
    ...around,
  },
  { title: 'CohereV1EmbedResponse' },
);

/** Body of `/v2/rerank`. */
export function cohereRerankBody(maxInputs: number) {
  return Type.Object(
    {
      model: Type.String({ description: 'A served name or alias' }),
      query: Type.String({ description: 'What the documents are ranked for' }),
      documents: Type.Array(Type.String(), { minItems: 1, maxItems: maxInputs, description: 'The documents' }),
      top_n: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of results, the best ones. Default: all' })),
      max_tokens_per_doc: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'Tokens that are read of each document; what follows is cut off. Default: 4096',
        }),
      ),
      return_documents: Type.Optional(
        Type.Boolean({ description: 'Whether results repeat the texts. Default: `false`' }),
      ),
      rank_fields: Type.Optional(Type.Array(oneOf(['text']), { minItems: 1, description: 'Only `text`' })),
      priority: Type.Optional(Type.Integer({ description: 'Accepted and ignored' })),
    },
    { additionalProperties: false, title: 'CohereRerankRequest', examples: [cohereRerankExample.request] },
  );
}

export const CohereRerankResponse = Type.Object(
  {
    id: around.id,
    results: Type.Array(
      Type.Object(
        {
          index: Type.Integer({ minimum: 0, description: 'Position of the document' }),
          relevance_score: Type.Number(),
          document: Type.Optional(Type.Object({ text: Type.String() })),
        },
        { title: 'CohereRanked' },
      ),
      { description: 'Best first; of equal scores the earlier document' },
    ),
    meta: Type.Object({
      api_version: Type.Object({ version: Type.String() }),
      billed_units: Type.Object({
        search_units: Type.Integer({ description: 'One for each 100 documents, or part of that' }),
      }),
    }),
  },
  { title: 'CohereRerankResponse' },
);
