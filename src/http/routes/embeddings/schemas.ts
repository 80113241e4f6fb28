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
        { description: 'A text, texts, token ids of a text, or token ids of texts; an empty one is an error' },
      ),
      encoding_format: Type.Optional(
        oneOf(['float', 'base64'], {
          description:
            '`base64`: the bytes, of little-endian float32 or of `output_dtype`. Left out: `float`, JSON numbers',
        }),
      ),
      output_dtype: Type.Optional(
        oneOf(outputDtypes, {
          description:
            '`int8`: 16·√n·x, rounded, −127 to 127, for vectors of length 1 and n components; `uint8`: plus 128. `ubinary`: a bit a component, 1 where it is above 0, the first in the highest bit; `binary`: the bytes minus 128. Left out: `float`',
        }),
      ),
      input_type: Type.Optional(
        oneOf(roles, {
          description:
            "Adds the model's own prompt; `passage` is another word for `document`. Left out: the model's default prompt, which few have",
        }),
      ),
      normalize: Type.Optional(
        Type.Boolean({ description: 'Whether vectors have length 1. Left out: as the model was trained' }),
      ),
      on_error: Type.Optional(
        oneOf(['fail', 'partial'], {
          description:
            'What one input that cannot be embedded does: `fail` the request, or have an error in its place while the rest is served. Left out: `fail`',
        }),
      ),
      token_ids: Type.Optional(
        oneOf(['checked', 'as_is'], {
          description:
            "`checked`: token ids in `input` must begin and end with the tokens that the model's own tokenizer puts around a text, or are 400 `invalid_token_id`; `as_is`: they go to the model whatever they are. Left out: `checked`",
        }),
      ),
      output_dimension: Type.Optional(
        Type.Integer({ minimum: 1, description: "Another word for `dimensions`: that of Voyage's clients" }),
      ),
      embedding_type: Type.Optional(
        oneOf(outputDtypes, { description: 'Another word for `output_dtype`: that of NIM' }),
      ),
      truncation: Type.Optional(
        Type.Boolean({
          description: "As Voyage's clients say it: `true` is `truncate: end`, `false` is `truncate: error`",
        }),
      ),
      modality: Type.Optional(
        Type.Union([oneOf(['text']), Type.Array(oneOf(['text']))], {
          description: 'Of the inputs, as clients of NIM say it: `text`, of all or of each; there is no other',
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
    truncated: Type.Optional(Type.Literal(true, { description: 'Only there when the input was cut short' })),
    tokens: Type.Optional(
      Type.Integer({ description: 'Tokens that were embedded; only there when the input was cut short' }),
    ),
  },
  { title: 'Embedding' },
);

const FailedInput = Type.Object(
  { object: Type.Literal('error'), index, error: ErrorFields },
  { title: 'FailedInput', description: 'Only there with `on_error: partial`: why an input has no vector' },
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
