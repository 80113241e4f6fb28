import type { Exchanges } from '../../openapi/documented-examples.ts';

export const embeddingsExamples: Exchanges = {
  queries: {
    summary: 'Two queries, 32 dimensions, base64',
    request: {
      input: ['What is the capital of China?', '中国的首都是什么？'],
      input_type: 'query',
      dimensions: 32,
      encoding_format: 'base64',
    },
    response: {
      object: 'list',
      data: [
        {
          object: 'embedding',
          index: 0,
          embedding:
            '59dUvpZjMT7DzQW+mTEivhfNOD2SzX0+BdfHPQMnAj7rkkO+l0VlvHBKcT1ggi882ZBhPbARhT7khHs+TUirvtRGdb1Piy0+BgYlPsyXIj48Wk2+FHxfvvMyhb3X14+9IPnjPbPS2LzjVZQ9o8Q8vmzf2b64wR2+Fo9iPnaDJD4=',
        },
        {
          object: 'embedding',
          index: 1,
          embedding:
            'YoAZvuge8D3cIXG9UsTrvcDxqD3B7Uk+pcE6PcrmZL4qwT2+hkkMPsdkcz3zu64+JqZivh3Ww74awAY9S+yHvb8Dbb2o2Za8qshmvYehzT4XzbK9CgigPirGxTznJbI8TVi2PU5+2z1i1p89wUVkvRfYob4sAAE9ZJeIPiIrbLw=',
        },
      ],
      model: 'starter',
      usage: { prompt_tokens: 72, total_tokens: 72 },
    },
  },
  int8: {
    summary: 'Vectors in a quarter of the bytes',
    request: { input: 'Hello world!', dimensions: 32, output_dtype: 'int8' },
    response: {
      object: 'list',
      data: [
        {
          object: 'embedding',
          index: 0,
          embedding: [
            -3, -1, -1, -22, -4, 0, 3, 13, -4, 10, 2, -6, 17, -6, 1, -3, -7, 31, -29, -13, 1, -42, -20, 2, 24, -20, 9,
            -13, -5, -33, 22, -1,
          ],
        },
      ],
      model: 'starter',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    },
  },
  partial: {
    summary: 'An input that cannot be embedded has its error in its place',
    request: { input: ['Hello world!', ''], on_error: 'partial', dimensions: 32, encoding_format: 'base64' },
    response: {
      object: 'list',
      data: [
        {
          object: 'embedding',
          index: 0,
          embedding:
            'qfn/vLOb1bu3QPq7dSd8voAeK73zEJE5OksSPaCfFj5uzD69Ru/gPUhliTz30YK9HcM9PlwEiL2DphE8aZACvewWpr0Ff7E+3qakvnNkF75i3gM8/kLtvsxEX750Koo8mIGHPlEjY75Ois89NRoUvjjHZ711/re+dLx1PtXETLw=',
        },
        {
          object: 'error',
          index: 1,
          error: {
            message: 'input[1] is empty; there is nothing to embed.',
            type: 'invalid_request_error',
            param: 'input[1]',
            code: 'empty_input',
          },
        },
      ],
      model: 'starter',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    },
  },
};
