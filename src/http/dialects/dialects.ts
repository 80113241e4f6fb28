import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import type { Readiness } from '../../served-models/readiness.ts';
import type { Config } from '../../settings/config.ts';
import type { OwnForm, RouteOptions } from '../routes/route-options.ts';
import { cohereRoutes } from './cohere/cohere.ts';
import { cohereRerankRoutes } from './cohere/rerank.ts';
import { ollamaModelRoutes } from './ollama/models.ts';
import { ollamaRoutes } from './ollama/ollama.ts';
import { rootRoute } from './root.ts';
import { teiEmbedAllRoutes } from './tei/embed-all.ts';
import { teiInfoRoutes } from './tei/info.ts';
import { teiRerankRoutes } from './tei/rerank.ts';
import { teiRoutes } from './tei/tei.ts';
import { teiTokenRoutes } from './tei/tokens.ts';
import { teiVertexRoutes } from './tei/vertex.ts';

type Dialect = Exclude<Config['dialects'][number], 'none'>;

export interface DialectOptions extends RouteOptions {
  readiness: Pick<Readiness, 'check'>;
  /** Of `/v1/rerank`. */
  rerank: OwnForm;
}

type Routes = FastifyPluginCallback<DialectOptions>;

const routesOf: Record<Dialect, Routes[]> = {
  tei: [
    teiRoutes as Routes,
    teiTokenRoutes as Routes,
    teiEmbedAllRoutes as Routes,
    teiVertexRoutes as Routes,
    teiRerankRoutes as Routes,
    teiInfoRoutes as Routes,
  ],
  ollama: [ollamaRoutes as Routes, ollamaModelRoutes as Routes],
  cohere: [cohereRoutes as Routes, cohereRerankRoutes as Routes],
};

/** The APIs of other services that are turned on: clients made for those work unchanged. */
export async function registerDialects(app: FastifyInstance, options: DialectOptions): Promise<void> {
  const { dialects } = options.config;
  if (dialects.includes('ollama') || dialects.includes('tei')) await app.register(rootRoute, options);
  for (const dialect of dialects) {
    if (dialect === 'none') continue;
    for (const routes of routesOf[dialect]) await app.register(routes, options);
  }
}
