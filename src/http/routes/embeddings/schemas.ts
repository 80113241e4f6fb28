import { Type } from 'typebox';
import { outputDtypes } from '../../body/output-dtype.ts';
import { requestExamples } from '../../openapi/documented-examples.ts';
import { commonFields, ErrorFields, oneOf, roles, Usage } from '../../openapi/schemas.ts';
import { embeddingsExamples } from './examples.ts';

/** The request's body. */
export function embeddingsBody(maxInputs: number) {
  const tokenIds = (options: { minItems?: number } = {}) => Type.Array(Type.Integer({ minimum: 0 }), options);
  return Type.Object(
    {
      input: Type.Union(
        [
          Type.String(),
          Type.Array(Type.String(), { minItems: 1, maxItems: maxInputs }),
          tokenIds({ minItems: 1 }),
          Type.Array(tokenIds(), { minItems: 1, maxItems: maxInputs }),
        ],
        {
          description:
            'A string, an array of strings, the token ids of a text, or an array of these; an empty one is an error',
        },
      ),
      encoding_format: Type.Optional(
        oneOf(['float', 'base64'], {
          description:
            '`base64`: the bytes, of little-endian float32 or of `output_dtype`. Default: `float`, JSON numbers',
        }),
      ),
      output_dtype: Type.Optional(
        oneOf(outputDtypes, {
          description:
            '`int8`: 16·√n·x, rounded, −127 to 127, for vectors of length 1 and n components; `uint8`: plus 128. `ubinary`: one bit per component, 1 if it is above 0, the first in the highest bit; `binary`: the bytes minus 128. Default: `float`',
        }),
      ),
      input_type: Type.Optional(
        oneOf(roles, {
          description:
            "Adds the model's own prompt; `passage` is another name for `document`. Default: the model's default prompt, which few models have",
        }),
      ),
      normalize: Type.Optional(
        Type.Boolean({ description: 'Whether vectors have length 1. Default: as the model was trained' }),
      ),
      on_error: Type.Optional(
        oneOf(['fail', 'partial'], {
          description:
            'What to do if an input cannot be embedded: `fail` the request, or serve the rest with an error in its place (`partial`). Default: `fail`',
        }),
      ),
      token_ids: Type.Optional(
        oneOf(['checked', 'as_is'], {
          description:
            "`checked`: token ids in `input` must begin and end with the tokens that the model's own tokenizer puts around a text, or are 400 `invalid_token_id`; `as_is`: they go to the model whatever they are. Default: `checked`",
        }),
      ),
      output_dimension: Type.Optional(
        Type.Integer({ minimum: 1, description: "Another name for `dimensions`, used by Voyage's clients" }),
      ),
      embedding_type: Type.Optional(
        oneOf(outputDtypes, { description: 'Another name for `output_dtype`, used by NIM' }),
      ),
      truncation: Type.Optional(
        Type.Boolean({
          description: "Used by Voyage's clients: `true` means `truncate: end`, `false` means `truncate: error`",
        }),
      ),
      modality: Type.Optional(
        Type.Union([oneOf(['text']), Type.Array(oneOf(['text']))], {
          description: 'Modality of the inputs, used by clients of NIM: `text`, for all or for each; there is no other',
        }),
      ),
      ...commonFields,
    },
    { additionalProperties: false, title: 'EmbeddingsRequest', 'x-examples': requestExamples(embeddingsExamples) },
  );
}

const index = Type.Integer({ minimum: 0, description: 'Position of the input' });

const Embedding = Type.Object(
  {
    object: Type.Literal('embedding'),
    index,
    embedding: Type.Union([
      Type.Array(Type.Number(), {
        description: '`float`: nine digits, enough to get the same float32 back; integers with another `output_dtype`',
      }),
      Type.String({
        contentEncoding: 'base64',
        description: '`base64`: little-endian float32, or the bytes of `output_dtype`',
      }),
    ]),
    truncated: Type.Optional(Type.Literal(true, { description: 'Only present if the input was truncated' })),
    tokens: Type.Optional(
      Type.Integer({ description: 'Tokens that were embedded; only present if the input was truncated' }),
    ),
  },
  { title: 'Embedding' },
);

const FailedInput = Type.Object(
  { object: Type.Literal('error'), index, error: ErrorFields },
  { title: 'FailedInput', description: 'Only present with `on_error: partial`: why an input has no vector' },
);

export const EmbeddingsResponse = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(Type.Union([Embedding, FailedInput])),
    model: Type.String({ description: 'The served name' }),
    usage: Usage,
  },
  { title: 'EmbeddingsResponse' },
);
