// Requests that the API's description shows, and what the starter model answers to them (proven by a test).

export const cohereEmbedExample = {
  request: {
    model: 'starter',
    texts: ['What is the capital of China?'],
    input_type: 'search_query',
    embedding_types: ['float', 'ubinary'],
    output_dimension: 32,
  },
  response: {
    response_type: 'embeddings_by_type',
    id: '4b0a5a3e-8d0c-4b3c-9a51-0b3f6d8c2f10',
    embeddings: {
      float: [
        [
          -0.207854852, 0.173231453, -0.130667731, -0.158392325, 0.0451174639, 0.247854501, 0.097578086, 0.127101943,
          -0.190990135, -0.0139936423, 0.0589088798, 0.0107122362, 0.0550697781, 0.25990057, 0.245624125, -0.334535986,
          -0.0598820001, 0.169476733, 0.16115579, 0.158782184, -0.200539529, -0.218246758, -0.0650385842, -0.0702359006,
          0.111315012, -0.0264676567, 0.0724294409, -0.18434386, -0.425532699, -0.154059291, 0.221248955, 0.160657734,
        ],
      ],
      ubinary: [[79, 62, 112, 163]],
    },
    texts: ['What is the capital of China?'],
    meta: { api_version: { version: '2' }, billed_units: { input_tokens: 37 } },
  },
};

export const cohereV1EmbedExample = {
  request: {
    model: 'starter',
    texts: ['What is the capital of China?'],
    input_type: 'search_query',
    output_dimension: 32,
  },
  response: {
    ...cohereEmbedExample.response,
    response_type: 'embeddings_floats',
    embeddings: cohereEmbedExample.response.embeddings.float,
    meta: { api_version: { version: '1' }, billed_units: { input_tokens: 37 } },
  },
};

export const cohereRerankExample = {
  request: {
    model: 'starter-reranker',
    query: 'What is the capital of China?',
    documents: ['Gravity is a force that attracts two bodies towards each other.', 'The capital of China is Beijing.'],
    top_n: 1,
  },
  response: {
    id: '4b0a5a3e-8d0c-4b3c-9a51-0b3f6d8c2f10',
    results: [{ index: 1, relevance_score: 0.0000409745662 }],
    meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
  },
};
