import type { Exchanges } from '../../openapi/documented-examples.ts';

export const batchExamples: Exchanges = {
  embeddings: {
    summary: 'A batch of embeddings',
    request: {
      input_file_id: 'file-019ad7a3b0c25b1f6c9e0d4a7788e1f2',
      endpoint: '/v1/embeddings',
      completion_window: '24h',
      metadata: { corpus: 'handbook' },
    },
    response: {
      id: 'batch_019ad7a3b10e77c0a15d3e9b2f4466d8',
      object: 'batch',
      endpoint: '/v1/embeddings',
      errors: null,
      input_file_id: 'file-019ad7a3b0c25b1f6c9e0d4a7788e1f2',
      completion_window: '24h',
      status: 'validating',
      output_file_id: null,
      error_file_id: null,
      created_at: 1796083200,
      in_progress_at: null,
      expires_at: 1796169600,
      finalizing_at: null,
      completed_at: null,
      failed_at: null,
      expired_at: null,
      cancelling_at: null,
      cancelled_at: null,
      request_counts: { total: 0, completed: 0, failed: 0 },
      usage: {
        input_tokens: 0,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 0,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 0,
      },
      metadata: { corpus: 'handbook' },
    },
  },
};
