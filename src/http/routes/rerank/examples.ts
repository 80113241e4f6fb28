import type { Exchanges } from '../../openapi/documented-examples.ts';

export const rerankExamples: Exchanges = {
  texts: {
    summary: 'The best two of three documents, with their texts',
    request: {
      model: 'starter-reranker',
      query: 'What is the capital of China?',
      documents: [
        'Gravity is a force that attracts two bodies towards each other.',
        'The capital of China is Beijing.',
        { text: 'China is a country in Asia.' },
      ],
      top_n: 2,
      return_documents: true,
    },
    response: {
      id: '4b0a5a3e-8d0c-4b3c-9a51-0b3f6d8c2f10',
      model: 'starter-reranker',
      results: [
        { index: 1, relevance_score: 0.0000409745662, document: { text: 'The capital of China is Beijing.' } },
        {
          index: 0,
          relevance_score: 0.0000294248821,
          document: { text: 'Gravity is a force that attracts two bodies towards each other.' },
        },
      ],
      usage: { prompt_tokens: 357, total_tokens: 357, computed_tokens: 167, shared_tokens: 190 },
      meta: { api_version: { version: '1' }, billed_units: { search_units: 1 } },
    },
  },
  partial: {
    summary: 'A document that cannot be scored has its error behind the others; scores before the activation',
    request: {
      model: 'starter-reranker',
      query: 'What is the capital of China?',
      documents: ['', 'The capital of China is Beijing.'],
      raw_scores: true,
      on_error: 'partial',
    },
    response: {
      id: '4b0a5a3e-8d0c-4b3c-9a51-0b3f6d8c2f10',
      model: 'starter-reranker',
      results: [
        { index: 1, relevance_score: -10.1025181 },
        {
          object: 'error',
          index: 0,
          error: {
            message: 'documents[0] is empty; there is nothing to score.',
            type: 'invalid_request_error',
            param: 'documents[0]',
            code: 'empty_input',
          },
        },
      ],
      usage: { prompt_tokens: 118, total_tokens: 118, computed_tokens: 118, shared_tokens: 0 },
      meta: { api_version: { version: '1' }, billed_units: { search_units: 1 } },
    },
  },
};
