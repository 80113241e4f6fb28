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
  pieces: {
    summary: 'What each token stands for: the two in the middle are one character',
    request: { input: 'naïve', return_pieces: true },
    response: {
      object: 'list',
      data: [
        {
          object: 'tokens',
          index: 0,
          count: 5,
          truncated: false,
          too_long: false,
          tokens: [6163, 127, 107, 342, 11974],
          prompt: '',
          pieces: [
            { id: 6163, text: 'na', special: false, start: 0, stop: 2, prompt: false },
            { id: 127, text: 'ï', special: false, start: 2, stop: 3, prompt: false },
            { id: 107, text: 'ï', special: false, start: 2, stop: 3, prompt: false },
            { id: 342, text: 've', special: false, start: 3, stop: 5, prompt: false },
            { id: 11974, text: '<|endoftext|>', special: true, start: null, stop: null, prompt: false },
          ],
        },
      ],
      model: 'starter',
      count: 5,
      max_input_tokens: 8192,
    },
  },
};
