import { signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import type { EmbeddingsResponse } from '../api/api-types.ts';
import { post } from '../api/server.ts';
import { asApiError } from '../fields/error-message.tsx';
import { type Collection, collection } from './collection.ts';
import { decodeVector } from './decode-vector.ts';

export const TEXTS_PER_REQUEST = 64;

/** What is being done to the open collection; `error`: why it stopped. */
export const embedding = signal<{ running: boolean; error: ApiError | null }>({ running: false, error: null });
let job: AbortController | null = null;

/** Embeds what the open collection still lacks. */
export function resumeEmbedding(): void {
  stopEmbedding();
  job = new AbortController();
  void embedRest(job.signal);
}

/** Ends it at once; what has its vector keeps it. */
export function stopEmbedding(): void {
  job?.abort();
  job = null;
  embedding.value = { running: false, error: null };
}

async function embedRest(abort: AbortSignal): Promise<void> {
  embedding.value = { running: true, error: null };
  try {
    for (let open = collection.value; open !== null && open.embedded < open.texts.length; open = collection.value) {
      const { model, fingerprint, texts, embedded } = open;
      const input = texts.slice(embedded, embedded + TEXTS_PER_REQUEST);
      const body = { model, input, input_type: 'document', encoding_format: 'base64', on_error: 'partial' } as const;
      const answer = await post(
        '/v1/embeddings',
        { ...body, normalize: true },
        { signal: abort, priority: 'bulk', expectFingerprint: fingerprint },
      );
      collection.value = withAnswer(open, answer.body.data);
    }
    embedding.value = { running: false, error: null };
  } catch (error) {
    if (abort.aborted) return;
    embedding.value = { running: false, error: asApiError(error) };
  }
}

function withAnswer(open: Collection, data: EmbeddingsResponse['data']): Collection {
  const failed = new Map(open.failed);
  for (const item of data) {
    const row = open.embedded + item.index;
    if ('error' in item) failed.set(row, item.error.message);
    else decodeVector(item.embedding as string, open.vectors, row * open.dimensions);
  }
  return { ...open, embedded: open.embedded + data.length, failed };
}
