import { ApiError } from '../api/api-error.ts';
import { nameItem } from '../api/name-item.ts';
import { post } from '../api/server.ts';
import { decodeVector } from './decode-vector.ts';

export interface VectorsRequest {
  model: string;
  fingerprint: string;
  dimensions: number;
  texts: readonly string[];
}

export interface AnsweredVectors {
  /** Row-major [texts, dimensions]; zero where a text failed. */
  vectors: Float32Array;
  /** Texts that have no vector, by their place, and the API's words. */
  failed: [place: number, why: string][];
  tokens: number;
}

/** The request for documents' vectors, as it is sent. */
export function vectorsBody({ model, texts }: Pick<VectorsRequest, 'model' | 'texts'>) {
  return {
    model,
    input: [...texts],
    input_type: 'document' as const,
    encoding_format: 'base64' as const,
    normalize: true,
    on_error: 'partial' as const,
  };
}

/** What the server says of a request that is too large as a whole; each half may do. */
const TOO_LARGE = ['body_too_large', 'too_many_tokens', 'too_many_inputs'];

/**
 * Vectors of documents, behind whatever else the server has to do. One that it cannot embed fails alone.
 * @throws {ApiError} what concerns all of them; {DOMException} AbortError.
 */
export async function askVectors(request: VectorsRequest, signal: AbortSignal): Promise<AnsweredVectors> {
  const { texts, fingerprint, dimensions } = request;
  try {
    const options = { signal, priority: 'bulk', expectFingerprint: fingerprint } as const;
    const { body } = await post('/v1/embeddings', vectorsBody(request), options);
    const vectors = new Float32Array(texts.length * dimensions);
    const failed: AnsweredVectors['failed'] = [];
    for (const item of body.data) {
      if ('error' in item) failed.push([item.index, nameItem(item.error.message, `input[${item.index}]`)]);
      else decodeVector(item.embedding as string, vectors, item.index * dimensions);
    }
    return { vectors, failed, tokens: body.usage.total_tokens };
  } catch (error) {
    if (!(error instanceof ApiError && TOO_LARGE.includes(error.code))) throw error;
    if (texts.length === 1) return { vectors: new Float32Array(dimensions), failed: [[0, error.message]], tokens: 0 };
    return askHalves(request, signal);
  }
}

async function askHalves(request: VectorsRequest, signal: AbortSignal): Promise<AnsweredVectors> {
  const middle = Math.ceil(request.texts.length / 2);
  const first = await askVectors({ ...request, texts: request.texts.slice(0, middle) }, signal);
  const second = await askVectors({ ...request, texts: request.texts.slice(middle) }, signal);
  const vectors = new Float32Array(first.vectors.length + second.vectors.length);
  vectors.set(first.vectors);
  vectors.set(second.vectors, first.vectors.length);
  const moved = second.failed.map(([place, why]): [number, string] => [place + middle, why]);
  return { vectors, failed: [...first.failed, ...moved], tokens: first.tokens + second.tokens };
}
