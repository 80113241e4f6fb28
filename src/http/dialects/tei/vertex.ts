import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { EmbedInput, EmbedResult, RunFacts } from '../../../tasks/embedding/embedder.ts';
import { encodeRowLists } from '../../answers/encode-row-lists.ts';
import { boundOfRows } from '../../answers/encode-rows.ts';
import type { VectorOptions } from '../../answers/serve-vectors.ts';
import { serveWork } from '../../answers/serve-work.ts';
import { chooseFirstModel } from '../../body/choose-model.ts';
import { tooMany } from '../../body/explain-inputs.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { TEI_WORK_ERRORS, teiErrors } from './errors.ts';
import { teiVertexExample } from './examples.ts';
import { charactersOfInputs, sendTeiHeaders, teiHeaders } from './headers.ts';
import { TeiVertexResponse, teiVertexBody } from './schemas.ts';
import { teiTruncation } from './truncation.ts';

/** An input of an instance, with what the instance says of its vectors. */
interface Asked {
  input: EmbedInput;
  options: VectorOptions;
}

/** POST /vertex: several bodies of `/embed` in one request, as Google's Vertex AI sends them. */
export const teiVertexRoutes: FastifyPluginCallbackTypebox<
  RouteOptions<'maxInputs' | 'maxBodyBytes' | 'truncate' | 'deadlineMs'>
> = (app, { models, config }, done) => {
  app.route({
    method: 'POST',
    url: '/vertex',
    config: { errors: teiErrors },
    schema: {
      operationId: 'teiVertex',
      tags: ['text-embeddings-inference'],
      summary: 'Embed texts, for Vertex AI',
      description: 'As text-embeddings-inference.',
      headers: RequestHeaders,
      body: teiVertexBody(config.maxInputs),
      response: answers(
        {
          description: 'The vectors of each instance',
          schema: TeiVertexResponse,
          headers: teiHeaders,
          example: teiVertexExample.response,
        },
        TEI_WORK_ERRORS,
        teiErrors,
      ),
    },
    handler: async (request, reply) => {
      const { service: embedder } = chooseFirstModel(request, models, 'embed');
      const instances: Asked[][] = request.body.instances.map(({ inputs, normalize, dimensions, ...choices }, i) => {
        const prompt = { role: null, instruction: null, promptName: choices.prompt_name ?? undefined };
        const options: VectorOptions = {
          dimensions: dimensions ?? null,
          anyDimensions: true,
          normalize: normalize ?? true,
          truncate: teiTruncation(choices, config.truncate),
        };
        return nameInputs(`instances[${i}].inputs`, inputs).map((input) => ({
          input: { ...input, ...prompt },
          options,
        }));
      });
      const asked = instances.flat();
      if (asked.length > config.maxInputs) throw tooMany(asked.length, 'instances', config);
      return serveWork(
        {
          request,
          reply,
          service: embedder,
          config,
          answerBytes: boundOfRows(asked.length, embedder.model.dimensions),
        },
        (context) =>
          embedAsAsked(asked, (inputs, options, elapsed) =>
            embedder.embed(inputs, { ...context, ...options, timeLimit: context.timeLimit - elapsed }),
          ),
        (result) => {
          sendTeiHeaders(reply, embedder.model, charactersOfInputs(asked.map(({ input }) => input)), result);
          const vectors = result.vectors.values();
          const predictions = instances.map((one) => one.map(() => vectors.next().value as Float32Array));
          return encodeRowLists(predictions, { before: '{"predictions":', after: '}' });
        },
      );
    },
  });
  done();
};

/**
 * Embeds inputs that ask for vectors of different kinds: those of one kind together, one kind after the other. Most
 * requests ask for one.
 */
async function embedAsAsked(
  asked: readonly Asked[],
  embed: (inputs: EmbedInput[], options: VectorOptions, elapsed: number) => Promise<EmbedResult>,
): Promise<EmbedResult> {
  const kinds = new Map<string, { options: VectorOptions; places: number[] }>();
  for (const [place, { options }] of asked.entries()) {
    const kind = JSON.stringify(options);
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { options, places: [place] });
    else known.places.push(place);
  }
  const startedAt = performance.now();
  const parts: { part: EmbedResult; places: number[] }[] = [];
  for (const { options, places } of kinds.values()) {
    const inputs = places.map((place) => (asked[place] as Asked).input);
    parts.push({ part: await embed(inputs, options, performance.now() - startedAt), places });
  }
  const [{ part: first } = { part: undefined }, ...others] = parts;
  if (first === undefined) throw new Error('there is nothing to embed');
  return others.length === 0 ? first : merged(parts);
}

/** The results of parts as that of one call: each input's at its place, times and counts added up. */
function merged(parts: readonly { part: EmbedResult; places: readonly number[] }[]): EmbedResult {
  const inPlace = <Value>(pick: (result: EmbedResult) => readonly Value[]): Value[] => {
    const all: Value[] = [];
    for (const { part, places } of parts)
      for (const [i, place] of places.entries()) all[place] = pick(part)[i] as Value;
    return all;
  };
  return {
    vectors: inPlace(({ vectors }) => vectors),
    tokens: inPlace(({ tokens }) => tokens),
    truncated: inPlace(({ truncated }) => truncated),
    failures: new Map(),
    facts: mergedFacts(parts.map(({ part }) => part.facts)),
  };
}

function mergedFacts(all: readonly RunFacts[]): RunFacts {
  const sum = (pick: (facts: RunFacts) => number) => all.reduce((total, facts) => total + pick(facts), 0);
  const last = all.findLast(({ lastBatchId }) => lastBatchId !== null);
  return {
    timings: {
      tokenize: sum(({ timings }) => timings.tokenize),
      queue: sum(({ timings }) => timings.queue),
      infer: sum(({ timings }) => timings.infer),
    },
    batches: sum(({ batches }) => batches),
    lastBatchId: last?.lastBatchId ?? null,
    lastBatchItems: last?.lastBatchItems ?? null,
    shared: sum(({ shared }) => shared),
    cache:
      all[0]?.cache == null
        ? null
        : { hits: sum(({ cache }) => cache?.hits ?? 0), misses: sum(({ cache }) => cache?.misses ?? 0) },
  };
}
