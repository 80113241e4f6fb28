// Search by meaning: embed, store, ask. The store is PostgreSQL with pgvector, here inside this process (PGlite); the
// SQL is the same on a server.
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import OpenAI from 'openai';

const url = process.env.HOTVEC_URL ?? 'http://127.0.0.1:8080';
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.HOTVEC_API_KEY ?? 'none' });

const documents = [
  'The capital of China is Beijing.',
  'Gravity is a force that attracts two bodies towards each other.',
  'To bake bread you need flour, water, salt and yeast.',
  'A violin has four strings and is played with a bow.',
  'The company raised its prices after the cost of energy went up.',
  'A vaccine teaches the immune system to recognize a virus.',
  'The train to the airport leaves every ten minutes.',
  'A compiler translates source code into machine code.',
];
const questions = [
  'Which city is the capital of China?',
  'What force attracts bodies towards each other?',
  'What do I need to bake bread?',
  'How do I get to the airport by train?',
];

// 1. Embed the documents. The fingerprint names the space of these vectors: keep it with them.
const { data: answer, response } = await client.embeddings
  .create({ model: 'starter-document', input: documents })
  .withResponse();
const fingerprint = response.headers.get('x-embedding-fingerprint');

// 2. Store them. `new PGlite('./folder', …)` would keep them on disk.
const database = await PGlite.create({ extensions: { vector } });
await database.exec(`
  CREATE EXTENSION vector;
  CREATE TABLE documents (content text, embedding vector(${answer.data[0].embedding.length}));
  CREATE INDEX ON documents USING hnsw (embedding vector_ip_ops);
`);
for (const { index, embedding } of answer.data) {
  await database.query('INSERT INTO documents VALUES ($1, $2)', [documents[index], JSON.stringify(embedding)]);
}

// 3. Ask. A server whose vectors are of another space answers 409 instead of nonsense.
const { data: queries } = await client.embeddings.create(
  { model: 'starter-query', input: questions },
  { headers: { 'x-expect-fingerprint': fingerprint } },
);
for (const { index, embedding } of queries) {
  // hotvec's vectors have length 1, so the inner product is the cosine; pgvector's <#> is its negative.
  const { rows } = await database.query('SELECT content FROM documents ORDER BY embedding <#> $1 LIMIT 1', [
    JSON.stringify(embedding),
  ]);
  console.log(`${questions[index]} → ${rows[0].content}`);
}
await database.close();
