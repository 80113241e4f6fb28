// Requests that the API's description shows, and what the starter model answers to them (proven by a test).

export const teiEmbedExample = {
  request: { inputs: ['What is the capital of China?'], prompt_name: 'query', dimensions: 32 },
  response: [
    [
      -0.207854852, 0.173231453, -0.130667731, -0.158392325, 0.0451174639, 0.247854501, 0.097578086, 0.127101943,
      -0.190990135, -0.0139936423, 0.0589088798, 0.0107122362, 0.0550697781, 0.25990057, 0.245624125, -0.334535986,
      -0.0598820001, 0.169476733, 0.16115579, 0.158782184, -0.200539529, -0.218246758, -0.0650385842, -0.0702359006,
      0.111315012, -0.0264676567, 0.0724294409, -0.18434386, -0.425532699, -0.154059291, 0.221248955, 0.160657734,
    ],
  ],
};

export const teiVertexExample = {
  request: { instances: [{ inputs: 'What is the capital of China?', prompt_name: 'query', dimensions: 32 }] },
  response: { predictions: [teiEmbedExample.response] },
};

export const teiSimilarityExample = {
  request: {
    inputs: {
      source_sentence: '中国的首都是什么？',
      sentences: ['中国的首都是北京。', '重力是一种使两个物体相互吸引的力。'],
    },
  },
  response: [0.726293981, 0.127951249],
};

export const teiTokenizeExample = {
  request: { inputs: ['重力 is gravity'] },
  response: [
    [
      { id: 698, text: '重', special: false, start: 0, stop: 3 },
      { id: 995, text: '力', special: false, start: 3, stop: 6 },
      { id: 411, text: ' is', special: false, start: 6, stop: 9 },
      { id: 8787, text: ' grav', special: false, start: 9, stop: 14 },
      { id: 534, text: 'ity', special: false, start: 14, stop: 17 },
      { id: 11974, text: '<|endoftext|>', special: true, start: null, stop: null },
    ],
  ],
};

export const teiDecodeExample = {
  request: { ids: [698, 995, 411, 8787, 534, 11974] },
  response: ['重力 is gravity'],
};
