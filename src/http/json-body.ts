import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HotvecError } from '../errors.ts';
import { LARGE_BODY_BYTES, LargeBodies } from './large-bodies.ts';
import { type BodyOutcome, BodyReader, type BodyRules } from './read-body.ts';
import type { Limits } from './schemas.ts';

/**
 * Reads and validates JSON bodies: small ones at once, large ones in a worker thread, where they do not hold the event
 * loop. Both by the same code, so that a body gets the same answer whatever its size.
 *
 * @param workerEntry the worker; undefined: `body-worker.js`.
 */
export function registerJsonBody(app: FastifyInstance, limits: Limits, workerEntry?: URL | undefined): void {
  const rules: BodyRules = { schemas: {}, limits };
  const reader = new BodyReader(rules);
  const largeBodies = new LargeBodies({ rules, maxBodyBytes: limits.maxBodyBytes, entry: workerEntry });

  app.addHook('onRoute', ({ schema }) => {
    const body = schema?.body as { title?: string } | undefined;
    // Schemas of TypeBox are plain JSON but for hidden marks.
    if (body !== undefined) rules.schemas[nameOf(body)] = JSON.parse(JSON.stringify(body)) as object;
  });
  // Bodies are validated below; of headers and parameters the schemas say no more than that they are strings.
  app.setValidatorCompiler(() => () => true);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const schema = schemaOf(request);
    request.bodyBytes = body.length;
    if (body.length <= LARGE_BODY_BYTES) done(null, reader.read(body, schema));
    else readLarge(request, body, schema).then((outcome) => done(null, outcome), done);
  });

  async function readLarge(request: FastifyRequest, body: Buffer, schema: string | undefined): Promise<BodyOutcome> {
    const { socket } = request.raw;
    const abort = new AbortController();
    const onClose = () => abort.abort();
    // One sent in chunks had no length to reserve room by.
    const release = request.headers['content-length'] === undefined ? largeBodies.reserve(body.length) : () => {};
    socket.once('close', onClose);
    try {
      return await largeBodies.read(body, schema, abort.signal);
    } finally {
      socket.off('close', onClose);
      release();
    }
  }

  app.addHook('onRequest', async (request, reply) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      throw new HotvecError(
        'unsupported_media_type',
        'Compressed request bodies are not accepted; send the JSON as it is.',
      );
    }
    const bytes = Number(request.headers['content-length'] ?? 0);
    // What is larger than any body may be is refused without room.
    if (bytes <= LARGE_BODY_BYTES || bytes > limits.maxBodyBytes) return;
    try {
      // Given back when the answer is out: until then the texts are somewhere inside.
      reply.raw.once('close', largeBodies.reserve(bytes));
    } catch (error) {
      // The body is on its way, and nobody will read it.
      void reply.header('connection', 'close');
      throw error;
    }
  });

  app.addHook('preValidation', async (request) => {
    const outcome = request.body === undefined ? reader.readNothing(schemaOf(request)) : (request.body as BodyOutcome);
    if (!outcome.isValid) {
      const { code, message, param } = outcome;
      throw new HotvecError(code, message, param === null ? {} : { param });
    }
    request.body = outcome.value;
  });

  app.addHook('onReady', async () => reader.compile());
  app.addHook('onClose', () => largeBodies.close());
}

function schemaOf(request: FastifyRequest): string | undefined {
  const body = request.routeOptions.schema?.body as { title?: string } | undefined;
  return body === undefined ? undefined : nameOf(body);
}

function nameOf({ title }: { title?: string }): string {
  if (title === undefined) throw new Error('a body schema needs a title: worker threads know it by that');
  return title;
}
