import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ReadToken } from '../../../tasks/embedding/embedder.ts';
import { ByteWriter } from '../../answers/byte-writer.ts';
import { sendChunks } from '../../answers/send-chunks.ts';
import { boundOfTokenList, MOST_BYTES_OF_UNIT, writeTokenList } from '../../answers/write-token-list.ts';
import { chooseFirstModel } from '../../body/choose-model.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { RequestIdHeader } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { teiErrors } from './errors.ts';
import { teiDecodeExample, teiTokenizeExample } from './examples.ts';
import { TeiDecodeResponse, TeiTokenizeResponse, teiDecodeBody, teiTokenizeBody } from './token-schemas.ts';

const ERRORS = [400, 401, 413, 415, 422, 429] as const;
const tags = ['text-embeddings-inference'];

/** Texts to tokens and back, as text-embeddings-inference. They need no engine. */
export const teiTokenRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs'>> = (
  app,
  { models, config },
  done,
) => {
  app.route({
    method: 'POST',
    url: '/tokenize',
    config: { errors: teiErrors },
    schema: {
      operationId: 'teiTokenize',
      tags,
      summary: 'Tokens of texts',
      description:
        'As text-embeddings-inference; texts that are too long are tokenized whole. For ids and counts alone: `/v1/tokenize`.',
      headers: RequestIdHeader,
      body: teiTokenizeBody(config.maxInputs),
      response: answers(
        { description: 'Tokens of each text', schema: TeiTokenizeResponse, example: teiTokenizeExample.response },
        ERRORS,
        teiErrors,
      ),
    },
    handler: async (request, reply) => {
      const { service: embedder } = chooseFirstModel(request, models, 'embed');
      const { inputs, prompt_name, add_special_tokens: specialTokens = true } = request.body;
      const prompt = { role: null, instruction: null, promptName: prompt_name };
      const named = nameInputs('inputs', inputs).map((input) => ({ ...input, ...prompt }));
      request.progress.enter('tokenize');
      const tokens = await embedder.readTokens(named, { specialTokens });
      const bytes = tokens.reduce((sum, ofText) => sum + boundOfTokenList(ofText) + 1, 2);
      request.held.reserve(bytes);
      request.progress.enter('encode');
      const chunks = await encodeLists(tokens, bytes);
      request.progress.enter('send');
      return sendChunks(reply, chunks);
    },
  });

  app.route({
    method: 'POST',
    url: '/decode',
    config: { errors: teiErrors },
    schema: {
      operationId: 'teiDecode',
      tags,
      summary: 'Texts of token ids',
      description: 'As text-embeddings-inference.',
      headers: RequestIdHeader,
      body: teiDecodeBody(config.maxInputs),
      response: answers(
        { description: 'One text per list', schema: TeiDecodeResponse, example: teiDecodeExample.response },
        ERRORS,
        teiErrors,
      ),
    },
    handler: async (request) => {
      const { service: embedder } = chooseFirstModel(request, models, 'embed');
      const { ids, skip_special_tokens: skip = true } = request.body;
      const named = nameInputs('ids', ids).map((input) => ({ ...input, role: null, instruction: null }));
      request.progress.enter('tokenize');
      const texts = await embedder.decode(named, { specialTokens: !skip });
      request.held.reserve(texts.reduce((sum, { length }) => sum + MOST_BYTES_OF_UNIT * length + 3, 2));
      return texts;
    },
  });
  done();
};

/** The tokens of each text, as an array of arrays. */
async function encodeLists(texts: readonly (readonly ReadToken[])[], bytes: number): Promise<Buffer[]> {
  const writer = new ByteWriter(bytes);
  for (const [i, tokens] of texts.entries()) {
    writer.text(i === 0 ? '[' : ',');
    await writeTokenList(writer, tokens);
  }
  writer.text(']');
  return writer.finish();
}
