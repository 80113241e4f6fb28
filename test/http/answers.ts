import type { RunningService } from '../support/running-service.ts';
import { type Golden, golden } from '../support/starter.ts';

export interface EmbeddingsAnswer {
  object: 'list';
  data: { object: 'embedding'; index: number; embedding: number[] | string; truncated?: true; tokens?: number }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

export interface SimilarityAnswer {
  object: 'similarity';
  scores: number[][];
  results?: { index: number; score: number; document?: string }[][];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/** Vectors that only some texts of the golden file have. */
type GoldenText = Pick<Golden['texts'][number], 'text' | 'ids' | 'vector'> & Partial<Golden['texts'][number]>;
const texts = golden.texts as GoldenText[];
/** Golden texts that can be sent as texts: all but the empty one. */
export const goldenTexts = texts.filter(({ text }) => text !== '');
export const emptyText = texts.find(({ text }) => text === '') as GoldenText;

/** Posts `body`, which must succeed. */
export async function succeed<Answer>(
  service: RunningService,
  path: string,
  body: unknown,
): Promise<{ answer: Answer; headers: Headers }> {
  const response = await service.post(path, body);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return { answer: JSON.parse(text) as Answer, headers: response.headers };
}

export async function embed(service: RunningService, body: object): Promise<EmbeddingsAnswer> {
  return (await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', body)).answer;
}

/** The vectors of an answer, whichever way they were sent. */
export function vectorsOf({ data }: EmbeddingsAnswer): Float32Array[] {
  return data.map(({ embedding }) => {
    if (typeof embedding !== 'string') return Float32Array.from(embedding);
    return new Float32Array(new Uint8Array(Buffer.from(embedding, 'base64')).buffer);
  });
}

export interface ErrorBody {
  message: string;
  type: string;
  param: string | null;
  code: string;
}

/** The error of an answer in the OpenAI envelope. */
export async function errorOf(response: Response): Promise<ErrorBody> {
  return ((await response.json()) as { error: ErrorBody }).error;
}
