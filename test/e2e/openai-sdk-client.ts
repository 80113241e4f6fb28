import process from 'node:process';
import { text } from 'node:stream/consumers';
import type OpenAI from 'openai';
import type { SdkError, SdkReport, SdkTask } from './openai-sdk-report.ts';

// One client for every version of the JavaScript SDK: called in process, or run by another Node as
//   node openai-sdk-client.js URL-OF-THE-SDK < task.json > report.json

export async function useSdk(Sdk: typeof OpenAI, version: string, task: SdkTask): Promise<SdkReport> {
  const clientOf = (url: string, options: object = {}) =>
    new Sdk({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0, ...options });
  const client = clientOf(task.serviceUrl);
  const stub = clientOf(task.stubUrl);
  const retrying = clientOf(task.stubUrl, { maxRetries: 2 });
  const model = 'starter';
  const vectors = async (body: Partial<OpenAI.EmbeddingCreateParams>) =>
    (await client.embeddings.create({ model, input: task.texts, ...body })).data.map(({ embedding }) => [...embedding]);

  const errors: Record<string, SdkError> = {};
  const fail = async (name: string, promise: Promise<unknown>) => {
    try {
      await promise;
      errors[name] = { class: 'none', status: null, code: null, param: null };
    } catch (error) {
      const { status, code, param } = error as InstanceType<typeof OpenAI.APIError>;
      // The class's name: a minified or subclassed error still is what `instanceof` says.
      const known = Object.entries(Sdk).filter(
        ([key, one]) => key.endsWith('Error') && typeof one === 'function' && (error as object).constructor === one,
      );
      errors[name] = {
        class: known[0]?.[0] ?? 'unknown',
        status: status ?? null,
        code: code ?? null,
        param: param ?? null,
      };
    }
  };
  const failing = (input: string) => stub.embeddings.create({ model: 'stub', input });

  await fail('bad request', client.embeddings.create({ model, input: ['x', ''] }));
  await fail('authentication', clientOf(task.keyedUrl).embeddings.create({ model: 'stub', input: 'x' }));
  await fail('not found', client.embeddings.create({ model: 'gpt', input: 'x' }));
  await fail('model not found', client.models.retrieve('gpt'));
  await fail('conflict', failing('fingerprint_mismatch'));
  await fail('rate limit', failing('overloaded'));
  await fail('internal', failing('internal_error'));
  await fail('not ready', failing('not_ready'));
  await fail('deadline', failing('deadline_exceeded'));
  await fail('timeout', clientOf(task.stubUrl, { timeout: 200 }).embeddings.create({ model: 'stub', input: 'hang' }));
  await fail('permanent', retrying.embeddings.create({ model: 'stub', input: 'non_finite_output' }));
  await fail('permanent conflict', retrying.embeddings.create({ model: 'stub', input: 'fingerprint_mismatch' }));
  const afterRetry = await retrying.embeddings.create({ model: 'stub', input: 'not_ready once' });

  const one = await client.embeddings.create({ model, input: task.texts[0] as string });
  const models: string[] = [];
  for await (const { id } of client.models.list()) models.push(id);
  return {
    version,
    ownEncoding: await vectors({}),
    float: await vectors({ encoding_format: 'float' }),
    dimensions64: await vectors({ dimensions: 64 }),
    oneText: [...(one.data[0]?.embedding ?? [])],
    tokens: one.usage.total_tokens,
    models,
    model: (await client.models.retrieve(model)).id,
    errors,
    afterRetry: afterRetry.data.length,
  };
}

const [, script, sdkUrl] = process.argv;
if (sdkUrl !== undefined && script !== undefined && import.meta.url.endsWith('/openai-sdk-client.js')) {
  const { default: Sdk } = (await import(sdkUrl)) as { default: typeof OpenAI };
  const report = await useSdk(Sdk, process.version, JSON.parse(await text(process.stdin)) as SdkTask);
  process.stdout.write(JSON.stringify(report));
}
