import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import type { Config } from '../config.ts';
import { cohereRoutes } from './dialects/cohere.ts';
import { ollamaRoutes } from './dialects/ollama.ts';
import { ollamaModelRoutes } from './dialects/ollama-models.ts';
import { rootRoute } from './dialects/root.ts';
import { teiRoutes } from './dialects/tei.ts';
import { teiEmbedAllRoutes } from './dialects/tei-embed-all.ts';
import { teiInfoRoutes } from './dialects/tei-info.ts';
import { teiOtherModelRoutes } from './dialects/tei-other-models.ts';
import { teiTokenRoutes } from './dialects/tei-tokens.ts';
import { teiVertexRoutes } from './dialects/tei-vertex.ts';
import type { EmbeddingsOptions } from './routes/embeddings.ts';

type Dialect = Exclude<Config['dialects'][number], 'none'>;

type Routes = FastifyPluginCallback<EmbeddingsOptions>;

const routesOf: Record<Dialect, Routes[]> = {
  tei: [
    teiRoutes as Routes,
    teiTokenRoutes as Routes,
    teiEmbedAllRoutes as Routes,
    teiVertexRoutes as Routes,
    teiInfoRoutes as Routes,
    teiOtherModelRoutes,
  ],
  ollama: [ollamaRoutes as Routes, ollamaModelRoutes as Routes],
  cohere: [cohereRoutes as Routes],
};

/** The APIs of other services that are turned on: clients made for those work unchanged. */
export async function registerDialects(app: FastifyInstance, options: EmbeddingsOptions): Promise<void> {
  const { dialects } = options.config;
  if (dialects.includes('ollama') || dialects.includes('tei')) await app.register(rootRoute, options);
  for (const dialect of dialects) {
    if (dialect === 'none') continue;
    for (const routes of routesOf[dialect]) await app.register(routes, options);
  }
}
