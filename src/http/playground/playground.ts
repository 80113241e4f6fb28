import { existsSync } from 'node:fs';
import path from 'node:path';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { HotvecError } from '../../errors.ts';
import { packageRoot } from '../../package-info.ts';
import type { Readiness } from '../../served-models/readiness.ts';
import { markError } from '../answers/error-handler.ts';
import { errorTable } from '../answers/error-table.ts';
import { varyBy } from '../answers/vary-by.ts';
import { pageConstraint } from './page-constraint.ts';
import { PageFiles } from './page-files.ts';

export interface PlaygroundOptions {
  readiness: Pick<Readiness, 'check'>;
  /** `/path`; empty: none. */
  basePath: string;
}

const FOLDER = path.join(packageRoot, 'dist', 'playground', 'page');
const PAGE = 'index.html';

/**
 * GET and HEAD `/` for browsers, the page of `playground/`, and its files below `/playground/`. No key is asked for: they are
 * the same for everyone. Whoever does not prefer a page is answered as if there were none.
 */
export const playground: FastifyPluginAsync<PlaygroundOptions> = async (app, { readiness, basePath }) => {
  if (!existsSync(path.join(FOLDER, PAGE))) {
    app.log.warn('the playground was not built');
    return;
  }
  const page = new PageFiles(FOLDER);
  const files = new PageFiles(path.join(FOLDER, 'playground'));
  // Another route at the path of `dialects/root.ts`.
  app.addConstraintStrategy(pageConstraint);
  app.get('/', { constraints: { answer: 'page' }, schema: { hide: true } }, async (request, reply) => {
    varyBy(reply, 'accept');
    const url = urlOfPage(request.originalUrl, basePath);
    if (url !== undefined) return reply.redirect(url);
    sayWhetherReady(readiness, reply);
    return page.send(request, reply, PAGE);
  });
  app.get('/playground/*', { schema: { hide: true } }, async (request, reply) =>
    files.send(request, reply, (request.params as { '*': string })['*']),
  );
};

/** The status is what `/` promises to whoever asks: monitors, too, say that they prefer pages. Browsers show it all the same. */
function sayWhetherReady(readiness: PlaygroundOptions['readiness'], reply: FastifyReply): void {
  try {
    readiness.check();
  } catch (error) {
    if (!(error instanceof HotvecError)) throw error;
    markError(reply, error);
    void reply.code(errorTable[error.code].status);
  }
}

/**
 * Where the page is, relative to where a browser looked for it: its links are relative to a path that ends with a slash.
 * @returns undefined: there.
 */
function urlOfPage(originalUrl: string, basePath: string): string | undefined {
  const [asked] = originalUrl.split('?', 1);
  if (basePath === '') return undefined;
  if (asked === basePath) return `${path.posix.basename(basePath)}/`;
  return asked === '/' ? `.${basePath}/` : undefined;
}
