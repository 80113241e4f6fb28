import type { VectorWish } from '../engine-source.ts';
import type { Result } from '../result-source.ts';
import { type FleetTask, rowError } from './fleet-task.ts';

interface EmbeddingsAnswer {
  model: string;
  data: readonly (
    | { object: 'embedding'; index: number; embedding: string }
    | { object: 'error'; index: number; error: { code: string; message: string } }
  )[];
  usage: { prompt_tokens: number };
}

/** `/v1/embeddings` of hotvec: a vector for the only text of each item. @param column what errors call a text. */
export function embeddingRequests(column: string, model: string | null, wish: VectorWish): FleetTask {
  const { dimensions, normalize, truncate, role, instruction } = wish;
  const fields = {
    ...(model === null ? {} : { model }),
    ...(dimensions === null ? {} : { dimensions }),
    ...(normalize === null ? {} : { normalize }),
    ...(role === null ? {} : { input_type: role }),
    ...(instruction === null ? {} : { instruction }),
    truncate,
    on_error: 'partial',
    encoding_format: 'base64',
  };
  return {
    path: '/v1/embeddings',
    model,
    faults: [],
    probe: ['hotvec'],
    bodyOf: (items) => ({ input: items.map(([text]) => text), ...fields }),
    read(answer, items) {
      const { model: name, data, usage } = answer as EmbeddingsAnswer;
      if (data.length !== items) throw new Error(`it has ${data.length} results for ${items} texts`);
      const results = data.map((one, i): Result => {
        if (one.index !== i) throw new Error('its results are in another order');
        if (one.object === 'embedding') return floatsOf(one.embedding);
        return rowError(one.error, `input[${i}]`, column);
      });
      return { model: name, results, tokens: usage.prompt_tokens };
    },
  };
}

/** Base64 of little-endian numbers. */
function floatsOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  // A buffer of its own begins where numbers may begin.
  const own = new Uint8Array(bytes).buffer;
  return new Float32Array(own);
}
