import { attempt, findModel, parse, type Server, ServerError, startOf } from './api-server.ts';
import { isIndex } from './embedding-server.ts';

/** A way in which servers rerank: all that the comparison has to know of a dialect. */
export interface RerankForm {
  path: string;
  /** @param model null: the server is not told. */
  body: (model: string | null, query: string, documents: readonly string[]) => string;
}

/** How a server is asked. */
export interface FoundReranker {
  /** null: the server lists none, and is not told. */
  model: string | null;
  form: RerankForm;
}

const documentsBody: RerankForm['body'] = (model, query, documents) =>
  JSON.stringify({ ...(model === null ? {} : { model }), query, documents });

/** In the order they are tried. vLLM, llama.cpp and hotvec have the first, others the second, TEI the last. */
const FORMS: readonly RerankForm[] = [
  { path: '/v1/rerank', body: documentsBody },
  { path: '/rerank', body: documentsBody },
  { path: '/rerank', body: (_, query, texts) => JSON.stringify({ query, texts }) },
];
/** By which a server says that it does not know a path, or the fields of a body. */
const NOT_THIS_FORM = [400, 404, 405, 422, 501];

/** Finds out how a server reranks. @throws {ServerError} when it does not. */
export async function findReranker(server: Server): Promise<FoundReranker> {
  const model = await listedModel(server);
  const said: string[] = [];
  for (const form of FORMS) {
    const answer = await attempt(server, form.path, form.body(model, 'a query', ['a document']));
    if (answer.status === 200) return { model, form };
    said.push(`${form.path} answered ${answer.status}, ${startOf(answer)}`);
    if (!NOT_THIS_FORM.includes(answer.status)) break;
  }
  throw new ServerError(`${server.name} (${server.url}) does not rerank: ${said.join('; ')}`);
}

/** null where the server has no list: TEI serves a single model, and takes no name. */
async function listedModel(server: Server): Promise<string | null> {
  if (server.model !== undefined) return server.model;
  const { status } = await attempt(server, '/v1/models');
  return status === 404 ? null : findModel(server);
}

/** The scores of the documents, in their order. @throws {ServerError} for anything that is not one score a document. */
export async function rerank(
  server: Server,
  { model, form }: FoundReranker,
  query: string,
  documents: readonly string[],
): Promise<Float64Array> {
  const answer = await attempt(server, form.path, form.body(model, query, documents));
  const where = `${server.name} (${server.url})`;
  if (answer.status !== 200) throw new ServerError(`${where} answered ${answer.status}: ${startOf(answer)}`);
  const complain = (what: string) => new ServerError(`${where} answered, but not with scores: ${what}.`);
  const parsed = parse(server, form.path, answer) as { results?: unknown } | null;
  const results = Array.isArray(parsed) ? parsed : parsed?.results;
  if (!Array.isArray(results)) throw complain('there is no array "results"');
  if (results.length !== documents.length) {
    throw complain(`${documents.length} documents gave ${results.length} results`);
  }
  const scores = new Float64Array(documents.length).fill(Number.NaN);
  for (const item of results as { index?: unknown; relevance_score?: unknown; score?: unknown }[]) {
    const { index, relevance_score: relevance, score = relevance } = item ?? {};
    if (!isIndex(index, documents.length)) throw complain(`a result's index is ${JSON.stringify(index)}`);
    if (!Number.isFinite(score)) throw complain(`result ${index} has no number "relevance_score" or "score"`);
    scores[index] = score as number;
  }
  const missing = scores.findIndex(Number.isNaN);
  if (missing !== -1) throw complain(`there is no result ${missing}`);
  return scores;
}
