import type { FastifyInstance } from 'fastify';

/**
 * Every route of a running instance as [method, URL], parameters filled in: what was added since cannot be forgotten.
 * Read from Fastify's own tree, which has a line a node: `│   └── /:id (GET, HEAD)`.
 */
export function routeList(app: FastifyInstance): [method: string, url: string][] {
  const routes: [string, string][] = [];
  const prefixes: string[] = [];
  // With common prefixes: without, the folder of a `*` is left out.
  for (const line of app.printRoutes().split('\n')) {
    const [, indent, part, methods] = /^((?:[│ ] {3})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (indent === undefined || part === undefined) continue;
    const depth = indent.length / 4;
    // `:id|:owner`: two names of one place.
    prefixes[depth] = part.replace(/:\w+(\|:\w+)*/g, 'starter').replace('*', 'swagger-ui.css');
    const url = prefixes.slice(0, depth + 1).join('');
    for (const method of methods?.split(', ') ?? []) routes.push([method, url]);
  }
  return routes;
}
