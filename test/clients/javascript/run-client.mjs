import process from 'node:process';
import { text } from 'node:stream/consumers';

/**
 * Does with a client what every client must be able to do: reads the task from standard input and writes the report to
 * standard output (client-report.ts).
 *
 * @param {object} client
 * @param {(url: string, options?: { model?: string, maxRetries?: number, dimensions?: number, timeout?: number }) =>
 *   { embed: (texts: string[]) => Promise<number[][]>, embedQueries: (texts: string[]) => Promise<number[][]> }} client.connect
 *   makes a client of the service at the URL; `model` left out: the starter, `maxRetries`: none.
 * @param {(error: any) => { class?: string, status?: number, code?: string, param?: string }} client.explain
 *   what the client's user can learn from an error.
 * @param {(task: any) => Promise<object>} [client.more] what only this client has.
 */
export async function runClient({ connect, explain, more = async () => ({}) }) {
  const task = JSON.parse(await text(process.stdin));
  const client = connect(task.serviceUrl);
  const batches = {};
  for (const size of task.batches) {
    const texts = Array.from({ length: size }, (_, i) => task.texts[i % task.texts.length]);
    batches[size] = plain(await client.embed(texts));
  }

  const errors = {};
  const fail = async (name, embedder, ...texts) => {
    try {
      await embedder.embed(texts);
      errors[name] = { class: 'none', status: null, code: null, param: null };
    } catch (error) {
      const { status = null, code = null, param = null, class: name_ = error.constructor.name } = explain(error);
      errors[name] = { class: name_, status, code, param };
    }
  };
  const stub = connect(task.stubUrl, { model: 'stub' });
  const retrying = connect(task.stubUrl, { model: 'stub', maxRetries: 1 });
  await fail('bad request', connect(task.serviceUrl, { maxRetries: 1 }), 'x', '');
  await fail('unknown model', connect(task.serviceUrl, { model: 'gpt', maxRetries: 1 }), 'x');
  await fail('authentication', connect(task.keyedUrl, { model: 'stub', maxRetries: 1 }), 'x');
  for (const code of ['overloaded', 'internal_error', 'not_ready', 'deadline_exceeded']) await fail(code, stub, code);
  await fail('permanent', retrying, 'non_finite_output');

  const count = async (input) => (await retrying.embed([input]).catch(() => [])).length;

  const report = {
    version: process.version,
    batches,
    dimensions64: plain(await connect(task.serviceUrl, { dimensions: 64 }).embed(task.texts)),
    queries: plain(await client.embedQueries(task.texts)),
    errors,
    afterNotReady: await count(`not_ready once ${task.retryAfterMs}`),
    afterOverload: await count(`overloaded once ${task.retryAfterMs}`),
    more: await more(task),
  };
  process.stdout.write(JSON.stringify(report));
}

/** Typed arrays become lists, as JSON wants them. */
function plain(vectors) {
  return vectors.map((vector) => [...vector]);
}
