import { Type } from 'typebox';
import { teiDecodeExample, teiTokenizeExample } from './examples.ts';
import { promptName } from './schemas.ts';

/** Body of `/tokenize`. */
export function teiTokenizeBody(maxInputs: number) {
  const text = Type.String({ minLength: 1 });
  return Type.Object(
    {
      inputs: Type.Union([text, Type.Array(text, { minItems: 1, maxItems: maxInputs })], {
        description: 'A string or an array of strings',
      }),
      add_special_tokens: Type.Optional(
        Type.Boolean({ description: 'Whether to add the special tokens that the model reads. Default: `true`' }),
      ),
      prompt_name: Type.Optional(promptName),
    },
    { additionalProperties: true, title: 'TeiTokenizeRequest', examples: [teiTokenizeExample.request] },
  );
}

/** Body of `/decode`. */
export function teiDecodeBody(maxInputs: number) {
  const tokenIds = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 });
  return Type.Object(
    {
      ids: Type.Union([tokenIds, Type.Array(tokenIds, { minItems: 1, maxItems: maxInputs })], {
        description: 'Token ids of a text, or of texts',
      }),
      skip_special_tokens: Type.Optional(
        Type.Boolean({ description: 'Whether to leave out special tokens. Default: `true`' }),
      ),
    },
    { additionalProperties: true, title: 'TeiDecodeRequest', examples: [teiDecodeExample.request] },
  );
}

const place = (description: string) => Type.Union([Type.Integer(), Type.Null()], { description });

export const TeiTokenizeResponse = Type.Array(
  Type.Array(
    Type.Object(
      {
        id: Type.Integer(),
        text: Type.String({ description: 'The part of the text, or the name of a special token' }),
        special: Type.Boolean(),
        start: place('Bytes of the text in UTF-8 before it, prompt included; null for special tokens'),
        stop: place('Bytes of the text to its end'),
      },
      { title: 'TeiToken' },
    ),
  ),
  { title: 'TeiTokenizeResponse' },
);

export const TeiDecodeResponse = Type.Array(Type.String(), { title: 'TeiDecodeResponse' });
