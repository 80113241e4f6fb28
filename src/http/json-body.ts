import type { FastifyInstance } from 'fastify';
import { HotvecError } from '../errors.ts';

/**
 * Reads JSON bodies: strict UTF-8, no `__proto__` tricks, and **null means absent** at the top level, because LiteLLM
 * and others send every optional field as null.
 */
export function registerJsonBody(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = utf8.decode(body as Buffer);
    } catch {
      done(new HotvecError('invalid_json', 'The request body is not valid UTF-8.'));
      return;
    }
    if (text.trim() === '') {
      done(new HotvecError('invalid_json', 'The request body is empty; wanted is a JSON object.'));
      return;
    }
    void parseJson(request, text, (error, value) => {
      // The parser's message quotes the body; ours must not.
      if (error) done(new HotvecError('invalid_json', 'The request body is not valid JSON.'));
      else done(null, dropNulls(value));
    });
  });

  app.addHook('onRequest', async (request) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      throw new HotvecError(
        'unsupported_media_type',
        'Compressed request bodies are not accepted; send the JSON as it is.',
      );
    }
  });
}

/** Far more fields than any request has: validation refuses such a body, and going through them would only take time. */
const MAX_FIELDS = 100;

function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.keys(value);
  if (fields.length > MAX_FIELDS) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}
