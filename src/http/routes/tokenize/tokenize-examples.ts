import type { Exchanges } from '../../openapi/documented-examples.ts';

export const tokenizeExamples: Exchanges = {
  texts: {
    summary: 'Ids and counts of two documents',
    request: { input: ['Hello world!', '中国的首都是什么？'], input_type: 'document' },
    response: {
      object: 'list',
      data: [
        { object: 'tokens', index: 0, count: 5, truncated: false, too_long: false, tokens: [39, 7442, 3508, 0, 11974] },
        {
          object: 'tokens',
          index: 1,
          count: 7,
          truncated: false,
          too_long: false,
          tokens: [2693, 271, 1319, 3029, 2397, 2277, 11974],
        },
      ],
      model: 'starter',
      count: 12,
      max_input_tokens: 8192,
    },
  },
};
