import path from 'node:path';
import process from 'node:process';
import { env, pipeline } from '@huggingface/transformers';
import Fastify from 'fastify';

// An embedding server as one would write it today from the README of transformers.js: Fastify, and the
// feature-extraction pipeline on the main thread. It answers as OpenAI's API does, in float or base64.
//
//   node transformers-server.js FOLDER      FOLDER has the ONNX export in onnx/model.onnx
interface EmbeddingsRequest {
  Body: { input: string | string[]; model?: string; encoding_format?: 'float' | 'base64' };
}

const folder = path.resolve(process.argv[2] ?? '.');
env.allowRemoteModels = false;
env.localModelPath = path.dirname(folder);
const extract = await pipeline('feature-extraction', path.basename(folder), { dtype: 'fp32' });

const app = Fastify({ bodyLimit: 16 * 1024 * 1024 });

app.post<EmbeddingsRequest>('/v1/embeddings', async ({ body }) => {
  const input = Array.isArray(body.input) ? body.input : [body.input];
  const output = await extract(input, { pooling: 'last_token', normalize: true });
  const [, width] = output.dims as [number, number];
  const data = input.map((_, index) => {
    const vector = (output.data as Float32Array).subarray(index * width, (index + 1) * width);
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    const embedding = body.encoding_format === 'base64' ? bytes.toString('base64') : Array.from(vector);
    return { object: 'embedding', index, embedding };
  });
  return { object: 'list', data, model: body.model ?? path.basename(folder) };
});

const url = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(url);
