// Requests that the API's description shows, and what the starter model answers to them (proven by a test).

export const embeddingsExample = {
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
};

export const similarityExample = {
  request: {
    queries: ['中国的首都是什么？', '解释一下重力是什么？'],
    documents: [
      '中国的首都是北京。',
      '重力是一种使两个物体相互吸引的力。它赋予物理物体重量，并负责行星围绕太阳运动的原因。',
    ],
    scale: 100,
    top_k: 1,
  },
  response: {
    object: 'similarity',
    scores: [
      [69.1311874, 19.5393467],
      [11.0417967, 21.6228466],
    ],
    results: [[{ index: 0, score: 69.1311874 }], [{ index: 1, score: 21.6228466 }]],
    model: 'starter',
    usage: { prompt_tokens: 108, total_tokens: 108 },
  },
};

export const tokenizeExample = {
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
};
