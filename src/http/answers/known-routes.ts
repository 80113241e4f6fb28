import type { FastifyInstance } from 'fastify';
import { type ErrorFormat, openaiErrors } from './error-format.ts';

/** Longer paths are not a mistake in a base URL. */
const MOST = { characters: 256, segments: 8 };

interface KnownRoute {
  pattern: RegExp;
  methods: Set<string>;
  errors: ErrorFormat;
  isNotServed: boolean;
}

/** What is served where: for requests that no route takes. */
export class KnownRoutes {
  private readonly byUrl = new Map<string, KnownRoute>();

  /** Learns of every route that is registered from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method, config, constraints }) => {
      // A page beside the route, or in place of none: to clients of the API it is not there.
      if (constraints !== undefined) return;
      const { errors = openaiErrors, isNotServed = false } = config ?? {};
      const known = this.byUrl.get(url) ?? { pattern: patternOf(url), methods: new Set(), errors, isNotServed };
      for (const one of [method].flat()) known.methods.add(one);
      this.byUrl.set(url, known);
    });
  }

  /** Whether this port has the pages of the API's description. */
  get hasDocs(): boolean {
    return this.methodsAt('/docs').length > 0;
  }

  /** Methods that the path has. */
  methodsAt(path: string): string[] {
    return [...this.byUrl.values()].flatMap(({ pattern, methods }) => (pattern.test(path) ? [...methods] : []));
  }

  /**
   * The route that is meant by a path that has none, as the API's description writes it: `/v1/models/{id}`.
   * @returns undefined: none that is likely.
   */
  meantBy(path: string): { url: string; methods: string[] } | undefined {
    const routes = [...this.byUrl.entries()].filter(
      ([url, { isNotServed }]) => url !== '/' && !url.includes('*') && !isNotServed,
    );
    const at = (candidate: string) => routes.find(([, { pattern }]) => pattern.test(candidate));
    const found = at(meantPath(path, (candidate) => at(candidate) !== undefined) ?? '');
    if (found === undefined) return undefined;
    const [url, { methods }] = found;
    return { url: url.replace(/:(\w+)/g, '{$1}'), methods: [...methods].filter((method) => method !== 'HEAD') };
  }

  /**
   * How an error at a path is written where no route does: as by the route with another method; else as by all its
   * neighbors, those that begin with the same folder, where these agree. An Ollama client that asks for /api/chat can
   * read that there is no such thing.
   */
  errorsAt(path: string): ErrorFormat {
    const routes = [...this.byUrl.entries()];
    const same = routes.find(([, { pattern }]) => pattern.test(path))?.[1];
    if (same !== undefined) return same.errors;
    const folder = /^\/[^/]+\//.exec(path)?.[0];
    const neighbors = routes.filter(([url]) => folder !== undefined && url.startsWith(folder));
    const [format, ...others] = new Set(neighbors.map(([, { errors }]) => errors));
    return format === undefined || others.length > 0 ? openaiErrors : format;
  }
}

/** A route's URL as Fastify writes it (`/v1/models/:id`, `/docs/*`) → what it matches. */
function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/:[A-Za-z]+/g, '[^/]+').replace(/\*/g, '.*')}$`);
}

/**
 * Which of the paths that there are is meant by one that is none: of `/v1/v1/embeddings`, `/openai/v1/embeddings/`,
 * `/v1/embeddings/embeddings` and the like, which come of a base URL that has a part too many or too few.
 * @returns undefined: none that is likely.
 */
export function meantPath(path: string, exists: (path: string) => boolean): string | undefined {
  if (path.length > MOST.characters) return undefined;
  const segments = path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
  if (segments.length > MOST.segments) return undefined;
  const once = segments.filter((segment, at) => segment !== segments[at - 1]);
  for (let from = 0; from < segments.length; from++) {
    for (const parts of [segments, once]) {
      const end = parts.slice(from).join('/');
      const found = [`/${end}`, `/v1/${end}`].find((candidate) => candidate !== path && exists(candidate));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
