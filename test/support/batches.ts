import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A batch as the API writes it, as far as tests look at it. */
export interface BatchAnswer {
  id: string;
  status: string;
  output_file_id?: string;
  error_file_id?: string;
  request_counts: { total: number; completed: number; failed: number };
  errors?: { data: { code: string; line: number | null; message: string; param: string | null }[] };
  [field: string]: unknown;
}

/** One line of an output or error file. */
export interface OutputLine {
  id: string;
  custom_id: string;
  response: { status_code: number; request_id: string; body: Record<string, unknown> } | null;
  error: { code: string; message: string } | null;
}

/** A folder for BATCH_DIR, and what removes it. */
export function batchFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-batches-'));
  return { folder: path.join(folder, 'batches'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A line of an input file. */
export function requestLine(customId: string, body: object, url = '/v1/embeddings'): string {
  return JSON.stringify({ custom_id: customId, method: 'POST', url, body });
}

/** What a client without an SDK does, with the API key that it has. */
export class BatchClient {
  private readonly url: string;
  private readonly headers: Record<string, string>;

  constructor(url: string, key?: string) {
    this.url = url;
    this.headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  ask(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
  }

  /** @param fields of the form, in their order; left out: `purpose` and the file. */
  post(
    text: string | Uint8Array<ArrayBuffer>,
    fields: Record<string, string> = { purpose: 'batch' },
  ): Promise<Response> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([text]), 'requests.jsonl');
    return fetch(`${this.url}/v1/files`, { method: 'POST', headers: this.headers, body: form });
  }

  /** @returns its id. */
  async upload(lines: readonly string[]): Promise<string> {
    return (await asJson<{ id: string }>(this.post(lines.join('\n')))).id;
  }

  create(inputFileId: string, fields: Record<string, unknown> = {}): Promise<BatchAnswer> {
    const body = { input_file_id: inputFileId, endpoint: '/v1/embeddings', completion_window: '24h', ...fields };
    return asJson(this.ask('POST', '/v1/batches', body));
  }

  retrieve(id: string): Promise<BatchAnswer> {
    return asJson(this.ask('GET', `/v1/batches/${id}`));
  }

  /** Uploads the lines, and makes a batch of them. */
  async begin(lines: readonly string[], fields: Record<string, unknown> = {}): Promise<BatchAnswer> {
    return this.create(await this.upload(lines), fields);
  }

  /** Asks until the batch is as it should be; by itself it has ended. */
  async until(id: string, isThere = ({ status }: BatchAnswer) => ENDS.has(status)): Promise<BatchAnswer> {
    for (;;) {
      const batch = await this.retrieve(id);
      if (isThere(batch)) return batch;
      if (ENDS.has(batch.status)) throw new Error(`it ended before: ${JSON.stringify(batch)}`);
      await sleep(10);
    }
  }

  async content(fileId: string | undefined): Promise<OutputLine[]> {
    if (fileId === undefined) return [];
    const text = await (await this.ask('GET', `/v1/files/${fileId}/content`)).text();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as OutputLine);
  }

  output({ output_file_id: id }: BatchAnswer): Promise<OutputLine[]> {
    return this.content(id);
  }

  errors({ error_file_id: id }: BatchAnswer): Promise<OutputLine[]> {
    return this.content(id);
  }
}

const ENDS = new Set(['completed', 'failed', 'expired', 'cancelled']);

async function asJson<Value>(asked: Promise<Response>): Promise<Value> {
  const answer = await asked;
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Value;
}
