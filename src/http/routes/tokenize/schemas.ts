import { Type } from 'typebox';
import { truncations } from '../../body/read-truncation.ts';
import { requestExamples } from '../../openapi/documented-examples.ts';
import { commonFields, oneOf, roles } from '../../openapi/schemas.ts';
import { tokenizeExamples } from './examples.ts';

/** The request's body: what of `/v1/embeddings` decides about tokens. */
export function tokenizeBody(maxInputs: number) {
  const { model, instruction } = commonFields;
  return Type.Object(
    {
      input: Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, maxItems: maxInputs })], {
        description: 'A string or an array of strings, none empty',
      }),
      model,
      input_type: Type.Optional(
        oneOf(roles, { description: "Adds the model's own prompt, as in `/v1/embeddings`. Default: no prompt" }),
      ),
      instruction,
      truncate: Type.Optional(
        oneOf(truncations, {
          description:
            'What `/v1/embeddings` would do with inputs that are too long: cut off that side, or refuse them; here refused inputs are counted whole, and `too_long` says so',
        }),
      ),
      return_pieces: Type.Optional(
        Type.Boolean({ description: 'Whether to say what each token stands for. Default: `false`' }),
      ),
    },
    { additionalProperties: false, title: 'TokenizeRequest', 'x-examples': requestExamples(tokenizeExamples) },
  );
}

const place = (description: string) => Type.Union([Type.Integer(), Type.Null()], { description });

const Piece = Type.Object(
  {
    id: Type.Integer({ minimum: 0 }),
    text: Type.String({
      description:
        'The part of prompt and text that it stands for, or the name of a special token. Several tokens may stand for one character: each has all of it',
    }),
    special: Type.Boolean({ description: "Whether the model's tokenizer put it around the text" }),
    start: place(
      'Characters (Unicode code points) of prompt and text before it; null for special tokens, which are not in the text',
    ),
    stop: place('Characters of prompt and text to its end'),
    prompt: Type.Boolean({ description: 'Whether it begins in the prompt' }),
  },
  { title: 'TokenPiece' },
);

export const TokenizeResponse = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object(
        {
          object: Type.Literal('tokens'),
          index: Type.Integer({ minimum: 0, description: 'Position of the input' }),
          count: Type.Integer({ description: 'Tokens, including special tokens and the prompt' }),
          truncated: Type.Boolean({ description: 'Whether the input was truncated, as `truncate` requests' }),
          too_long: Type.Boolean({
            description: 'Whether `/v1/embeddings` would refuse it because it has too many tokens',
          }),
          tokens: Type.Array(Type.Integer({ minimum: 0 }), {
            description: 'Token ids; `/v1/embeddings` takes them as `input`',
          }),
          prompt: Type.Optional(
            Type.String({ description: 'Only with `return_pieces`: what was put before the text; empty: nothing' }),
          ),
          pieces: Type.Optional(
            Type.Array(Piece, {
              description: 'Only with `return_pieces`: one for each of `tokens`, in the same order',
            }),
          ),
        },
        { title: 'Tokens' },
      ),
    ),
    model: Type.String({ description: 'The served name' }),
    count: Type.Integer({ description: 'Tokens of all inputs: what `usage` of `/v1/embeddings` would say' }),
    max_input_tokens: Type.Integer({ description: 'Maximum tokens of an input' }),
  },
  { title: 'TokenizeResponse' },
);
