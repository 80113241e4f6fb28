import type { Exchanges } from '../../openapi/documented-examples.ts';

export const similarityExamples: Exchanges = {
  texts: {
    summary: 'Two queries against two documents, the best for each',
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
  },
  vectors: {
    summary: 'A query against an existing vector and a text',
    request: {
      queries: '中国的首都是什么？',
      documents: [
        {
          embedding:
            'zJGPvtmfZD4ztI09O7S5vRBLnj3eEzI+soQ0PsOZ971EhYC+/+8pPiJqyz3R6FQ+d0qDvtFOo754XG0+KvNNvQ+vZrsCVJS+DwTMvTq7qjzEpFc9iFC+PusJQb58Dl48ulnuvL27Kj64/+w97P3pvSMoSb73Z6W947pHPg+Gh7o=',
        },
        '重力是一种使两个物体相互吸引的力。',
      ],
      dimensions: 32,
    },
    response: {
      object: 'similarity',
      scores: [[0.755270362, 0.476899028]],
      model: 'starter',
      usage: { prompt_tokens: 48, total_tokens: 48 },
    },
  },
};
