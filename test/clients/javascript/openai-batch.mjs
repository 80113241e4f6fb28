import { text } from 'node:stream/consumers';
import OpenAI, { toFile } from 'openai';

// Reads {url, lines, wrong} from standard input, drives the Batch API as a user of the SDK does, and writes a report.
const { url, lines, wrong } = JSON.parse(await text(process.stdin));
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused' });
const ended = ['completed', 'failed', 'expired', 'cancelled'];

async function upload(content, more = {}) {
  return client.files.create({
    file: await toFile(Buffer.from(content.join('\n')), 'in.jsonl'),
    purpose: 'batch',
    ...more,
  });
}

async function run(content) {
  const { id: input_file_id } = await upload(content);
  const made = await client.batches.create({
    input_file_id,
    endpoint: '/v1/embeddings',
    completion_window: '24h',
    metadata: { from: 'javascript' },
  });
  for (;;) {
    const batch = await client.batches.retrieve(made.id);
    if (ended.includes(batch.status)) return batch;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function linesOf(id) {
  return (await (await client.files.content(id)).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const errorOf = async (promise) => {
  try {
    await promise;
    return null;
  } catch (error) {
    return { class: error.constructor.name, status: error.status, code: error.code };
  }
};

const file = await upload(lines, { expires_after: { anchor: 'created_at', seconds: 3600 } });
const waited = await client.files.waitForProcessing(file.id);
const batch = await run(lines);
const failed = await run(wrong);
const { id: toCancel } = await client.batches.create({
  input_file_id: file.id,
  endpoint: '/v1/embeddings',
  completion_window: '24h',
});
const cancelled = await client.batches.cancel(toCancel).then(
  ({ status }) => status,
  // It may have ended already.
  ({ status }) => status,
);
for (;;) {
  const { status } = await client.batches.retrieve(toCancel);
  if (ended.includes(status)) break;
}
const listed = [];
for await (const one of client.batches.list({ limit: 1 })) listed.push(one.id);
const files = [];
for await (const one of client.files.list({ purpose: 'batch', order: 'asc', limit: 2 })) files.push(one.id);
const report = {
  lifetime: file.expires_at - file.created_at,
  processed: waited.status,
  batch: { status: batch.status, counts: batch.request_counts, metadata: batch.metadata, model: batch.model },
  output: await linesOf(batch.output_file_id),
  errors: await linesOf(batch.error_file_id),
  failed: { status: failed.status, errors: failed.errors.data.map(({ code, line }) => [code, line]) },
  cancelled: ['cancelling', 409].includes(cancelled),
  listed: listed.includes(batch.id) && listed.includes(failed.id) && new Set(listed).size === listed.length,
  files: files.includes(file.id) && new Set(files).size === files.length,
  deleted: (await client.files.delete(file.id)).deleted,
  gone: await errorOf(client.files.retrieve(file.id)),
  conflict: await errorOf(client.batches.cancel(batch.id)),
  unknown: await errorOf(client.batches.retrieve('batch_x')),
  lost: await errorOf(client.batches.list({ after: 'batch_x' })),
};
// As clients clean up: what a page has shown is gone when the next one is asked for.
for await (const one of client.files.list({ limit: 2 })) await client.files.delete(one.id);
report.swept = (await client.files.list()).data;
process.stdout.write(JSON.stringify(report));
