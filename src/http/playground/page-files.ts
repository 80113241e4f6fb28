import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { FilesInMemory } from '../answers/files-in-memory.ts';
import { sendUnchanging, type UnchangingAnswer, unchanging } from '../answers/unchanging-answers.ts';
import { varyBy } from '../answers/vary-by.ts';

/**
 * What the page may do: run its own scripts, ask its own origin, and nothing else; no other page may frame it. Styles that
 * scripts set on elements are no inline styles.
 */
const CONTENT_SECURITY_POLICY: Record<string, readonly string[]> = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'worker-src': ["'self'"],
  'style-src': ["'self'"],
  // Pictures that the page draws itself.
  'img-src': ["'self'", 'data:', 'blob:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  // The page takes the key out of its form itself: where its scripts do not run, the key must not get into the address.
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** Of the page and of each of its files: a worker is under the policy of its own answer. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': Object.entries(CONTENT_SECURITY_POLICY)
    .map(([directive, sources]) => [directive, ...sources].join(' '))
    .join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** As Vite names files, with a hash of what is in them. */
const HASHED = /-[\w-]{8}\.\w+$/;
const FOR_GOOD = { 'cache-control': 'public, max-age=31536000, immutable' };

interface PageFile {
  plain: UnchangingAnswer;
  packed: UnchangingAnswer;
}

/** The page and its files. Each is read, and packed on a thread of libuv, when somebody first asks for it. */
export class PageFiles {
  private readonly files: FilesInMemory<PageFile>;

  constructor(folder: string) {
    this.files = new FilesInMemory(folder, async (content, type, name) => {
      const headers = HASHED.test(name) ? { ...HEADERS, ...FOR_GOOD } : HEADERS;
      const packed = await promisify(gzip)(content, { level: 9 });
      return {
        plain: unchanging(content, type, headers),
        packed: unchanging(packed, type, { ...headers, 'content-encoding': 'gzip' }),
      };
    });
  }

  /** Sends the file; 404 where there is none. */
  async send(request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> {
    const file = await this.files.get(name);
    if (file === undefined) {
      reply.callNotFound();
      return reply;
    }
    varyBy(reply, 'accept-encoding');
    const encodings = new Negotiator({
      headers: { 'accept-encoding': request.headers['accept-encoding'] ?? 'identity' },
    });
    return sendUnchanging(
      request,
      reply,
      encodings.encoding(['gzip', 'identity']) === 'gzip' ? file.packed : file.plain,
    );
  }
}
