import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HotvecError } from '../../errors.ts';
import { expectsContinue, notJson } from '../door/protocol-rules.ts';
import type { Limits } from '../openapi/schemas.ts';
import { LARGE_BODY_BYTES, LargeBodies } from './large-bodies.ts';
import { BodyReader, type BodyRules } from './read-body.ts';
import { bodyTooLarge, type ReceiveOptions, receiveBody } from './receive-body.ts';

/** What curl sends with `-d` by default: it says nothing about the body. */
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

export interface JsonBodyOptions extends Pick<ReceiveOptions, 'receiveMs' | 'wholeMs' | 'drained'> {
  limits: Limits;
  /** The worker; undefined: `body-worker.js`. */
  workerEntry?: URL | undefined;
}

/**
 * Reads and validates JSON bodies: small ones at once, large ones in a worker thread, where they do not hold the event
 * loop. Both by the same code, so that a body gets the same answer whatever its size. Bodies that there is no room for,
 * or that do not arrive, are refused.
 */
export function registerJsonBody(app: FastifyInstance, options: JsonBodyOptions): void {
  const { limits, receiveMs, wholeMs, drained, workerEntry } = options;
  const rules: BodyRules = { schemas: {}, forms: {}, limits };
  const reader = new BodyReader(rules);
  const largeBodies = new LargeBodies({ rules, entry: workerEntry });

  app.decorateRequest('bodyForm', undefined);
  app.addHook('onRoute', ({ schema, config }) => {
    const body = schema?.body as object | undefined;
    if (body === undefined || config?.isOfFiles === true) return;
    const forms: { body: object; mark?: string }[] = [{ body }, ...(config?.otherForms ?? [])];
    // Schemas of TypeBox are plain JSON but for hidden marks.
    for (const form of forms) rules.schemas[nameOf(form.body)] = JSON.parse(JSON.stringify(form.body)) as object;
    if (forms.length > 1)
      rules.forms[nameOf(body)] = forms.map((form) => ({ schema: nameOf(form.body), mark: form.mark }));
  });
  // Bodies are validated below; of headers and parameters the schemas say no more than that they are strings.
  app.setValidatorCompiler(() => () => true);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', receiveJson);
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) => {
    if (isUntypedJson(request)) return receiveJson(request, payload);
    // As above.
    if (request.is404) return undefined;
    throw notJson();
  });

  async function receiveJson(request: FastifyRequest, payload: Readable): Promise<Buffer | undefined> {
    // It is not needed: a missing path or method is reported before it has arrived.
    if (request.is404) return undefined;
    const { maxBodyBytes } = limits;
    const body = await receiveBody(payload, { maxBodyBytes, held: request.held, receiveMs, wholeMs, drained });
    request.bodyBytes = body.length;
    // SDKs name a type for bodies that they do not send, where none is wanted.
    return body.length === 0 && schemaOf(request) === undefined ? undefined : body;
  }

  async function readLarge(request: FastifyRequest, body: Buffer, schema: string | undefined): Promise<unknown> {
    const { socket } = request.raw;
    const abort = new AbortController();
    const onClose = () => abort.abort();
    socket.once('close', onClose);
    try {
      return await largeBodies.read(body, schema, abort.signal, noteForm(request));
    } finally {
      socket.off('close', onClose);
    }
  }

  app.addHook('onRequest', async (request, reply) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      const message = 'Compressed request bodies are not accepted; send the JSON uncompressed.';
      throw new HotvecError('unsupported_media_type', message);
    }
    const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(request.headers['content-type'] ?? '') ?? [];
    if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
      // Read as UTF-8 it would be other texts, or none.
      throw new HotvecError(
        'unsupported_media_type',
        'JSON must be UTF-8 (RFC 8259), but content-type names another charset; send utf-8, or omit charset.',
      );
    }
    const announced = Number(request.headers['content-length'] ?? 0);
    if (!isOfFiles(request)) {
      if (announced > limits.maxBodyBytes) throw bodyTooLarge(limits.maxBodyBytes);
      // What would not fit is not begun, but takes no room before it comes.
      if (announced > 0) request.held.check(announced);
    }
    if (!request.is404 && expectsContinue(request.raw)) reply.raw.writeContinue();
  });

  // Not where it is received: Fastify closes the connection of what a content type parser throws.
  app.addHook('preValidation', async (request) => {
    // That there is no such path or method is said before what is wrong with a body.
    if (request.is404 || isOfFiles(request)) return;
    const body = request.body as Buffer | undefined;
    const schema = schemaOf(request);
    const isLarge = body !== undefined && body.length > LARGE_BODY_BYTES;
    request.body = isLarge ? await readLarge(request, body, schema) : reader.read(body, schema, noteForm(request));
  });

  app.addHook('onReady', async () => reader.compile());
  app.addHook('onClose', () => largeBodies.close());
}

/** Its body is read by the route. */
function isOfFiles({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config?.isOfFiles === true;
}

function noteForm(request: FastifyRequest): (form: string) => void {
  return (form) => {
    request.bodyForm = form;
  };
}

function schemaOf(request: FastifyRequest): string | undefined {
  const body = request.routeOptions.schema?.body as object | undefined;
  return body === undefined ? undefined : nameOf(body);
}

function nameOf(schema: object): string {
  const { title } = schema as { title?: string };
  if (title === undefined) throw new Error('a body schema needs a title: worker threads know it by that');
  return title;
}

/**
 * Whether a body is read as JSON although its `content-type` does not say so: on routes that ask for it
 * (`config.takesUntypedBody`), where none is said, or curl's, and where no browser can have sent it. A page can send
 * such a body to any address without asking first (CORS, "simple requests"), but not without headers that tell on it:
 * `origin` with every POST (Fetch standard, "append a request `Origin` header"), the forbidden `sec-…` ones, `referer`.
 */
function isUntypedJson({ headers, routeOptions }: FastifyRequest): boolean {
  if (routeOptions.config?.takesUntypedBody !== true) return false;
  const type = headers['content-type'];
  if (type !== undefined && !FORM.test(type)) return false;
  return !Object.keys(headers).some(
    (name) =>
      name === 'origin' ||
      name === 'referer' ||
      (name.startsWith('sec-') && !isOfNode(name, headers['sec-fetch-mode'])),
  );
}

/** Node's `fetch` sends this one header of a browser, which sends `origin` with every POST of that mode. */
function isOfNode(name: string, fetchMode: unknown): boolean {
  return name === 'sec-fetch-mode' && fetchMode === 'cors';
}
