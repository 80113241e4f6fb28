import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BatchJob, hasEnded } from '../../../src/batch-jobs/batch-job.ts';
import type { BatchJobs } from '../../../src/batch-jobs/batch-jobs.ts';
import { type ErrorCode, HotvecError } from '../../../src/errors.ts';
import type { Call } from '../dialects/provoked-answers.ts';

const OWNER = null;
const FILE = 'file-known';
const READ = 'file-read';
const DELETED = 'file-to-delete';
const NOW = Math.floor(Date.now() / 1000);

/** Batches as an earlier run left them. */
const jobs: Record<string, Partial<BatchJob>> = {
  // Its input is not there: it is tried again, and never ends.
  batch_waiting: { status: 'in_progress', inputFileId: READ, model: 'starter', metadata: { a: 'b' } },
  batch_cancelled: { status: 'cancelling' },
  batch_ended: { status: 'completed', hasOutput: true, hasErrors: true, reachedAt: { completed: NOW } },
  batch_failed: { status: 'failed', problems: [{ code: 'invalid_json_line', message: 'No.', param: null, line: 1 }] },
};

/** Writes what the calls below ask for. */
export function seedBatches(folder: string): void {
  const write = (name: string, content: object | string) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  };
  for (const [id, fields] of Object.entries(jobs)) {
    const job: BatchJob = {
      id,
      owner: OWNER,
      endpoint: '/v1/embeddings',
      inputFileId: FILE,
      completionWindow: '24h',
      metadata: null,
      outputExpiresAfterS: null,
      status: 'validating',
      createdAt: NOW,
      expiresAt: NOW + 86_400,
      reachedAt: {},
      outputFileId: `${id}-output`,
      errorFileId: `${id}-errors`,
      hasOutput: false,
      hasErrors: false,
      outcome: null,
      problems: [],
      model: null,
      fingerprint: null,
      counts: { total: 1, completed: 0, failed: 0 },
      tokens: 0,
      ...fields,
    };
    write(`batches/${id}.json`, job);
    if (!hasEnded(job) && job.inputFileId === READ) write(`files/${READ}`, 'removed below');
  }
  for (const id of [FILE, READ, DELETED]) {
    const file = {
      id,
      owner: OWNER,
      filename: 'a.jsonl',
      purpose: 'batch',
      bytes: 2,
      createdAt: NOW,
      expiresAt: NOW + 9e5,
    };
    write(`files/${id}.json`, file);
    if (id !== READ) write(`files/${id}`, '{}');
  }
}

const files = '/v1/files';
const batches = '/v1/batches';
const form = (...parts: [name: string, value: string][]): string =>
  `${parts
    .map(([name, value]) => {
      const file = name === 'file' ? '; filename="a.jsonl"' : '';
      return `--edge\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
    })
    .join('')}--edge--\r\n`;
const isForm = { 'content-type': 'multipart/form-data; boundary=edge' };
const upload = form(['purpose', 'batch'], ['file', '{}']);
const batch = { input_file_id: FILE, endpoint: '/v1/embeddings', completion_window: '24h' };

type Calls = Record<string, Record<number, Call[]>>;

/** How the answers about files and batches are provoked, of a service with what `seedBatches` writes. */
export const seededCalls: Calls = {
  createFile: {
    200: [[files, upload, isForm]],
    400: [[files, form(['purpose', 'vision'], ['file', '{}']), isForm]],
    413: [[files, form(['purpose', 'batch'], ['file', 'x'.repeat(20_000)]), isForm]],
    415: [[files, {}]],
  },
  listFiles: { 200: [[files]], 400: [[`${files}?limit=x`]] },
  retrieveFile: { 200: [[`${files}/${FILE}`]], 404: [[`${files}/file-x`]] },
  downloadFile: { 200: [[`${files}/${FILE}/content`]], 404: [[`${files}/file-x/content`]] },
  deleteFile: { 200: [[`${files}/${DELETED}`]], 404: [[`${files}/file-x`]], 409: [[`${files}/${READ}`]] },
  createBatch: {
    200: [
      [batches, batch],
      [batches, { ...batch, metadata: { a: 'b' }, output_expires_after: { anchor: 'created_at', seconds: 4_000 } }],
    ],
    400: [[batches, { ...batch, endpoint: '/v1/completions' }]],
    404: [[batches, { ...batch, input_file_id: 'file-x' }]],
    413: [[batches, { ...batch, metadata: { a: 'x'.repeat(9_000) } }]],
    415: [[batches, 'x', { 'content-type': 'text/plain' }]],
  },
  listBatches: { 200: [[batches]], 400: [[`${batches}?limit=0`]] },
  retrieveBatch: {
    200: Object.keys(jobs).map((id): Call => [`${batches}/${id}`]),
    404: [[`${batches}/batch_x`]],
  },
  cancelBatch: {
    200: [[`${batches}/batch_waiting/cancel`]],
    404: [[`${batches}/batch_x/cancel`]],
    409: [[`${batches}/batch_ended/cancel`]],
  },
};

/** The same of a service where they are off. */
export const switchedOffCalls: Calls = {
  createFile: { 404: [[files, upload, isForm]] },
  listFiles: { 404: [[files]] },
  listBatches: { 404: [[batches]] },
};

/** A body that begins and does not go on. */
export const stalledCalls = (stalled: object): Calls => ({
  createFile: { 408: [[files, stalled, isForm]], 507: [[files, upload, isForm]] },
  createBatch: {
    408: [[batches, stalled]],
    429: ['overloaded', 'key_share_exceeded'].map((code): Call => [batches, { ...batch, metadata: { code } }]),
    507: [[batches, { ...batch, metadata: { code: 'insufficient_storage' } }]],
  },
});

/** Batches that fail as the metadata say. */
export function failingBatches(failure: (code: ErrorCode) => HotvecError): BatchJobs {
  const stub = {
    isLost: false,
    files: {
      maxFileBytes: 1e9,
      receive: async (_: unknown, content: AsyncIterable<Buffer>) => {
        for await (const chunk of content) void chunk;
        throw new HotvecError('insufficient_storage', 'as asked');
      },
    },
    create: ({ metadata }: { metadata: { code: ErrorCode } }) => Promise.reject(failure(metadata.code)),
  };
  return stub as unknown as BatchJobs;
}

export const withoutKeyCalls: Calls = {
  createFile: { 401: [[files, upload, isForm]] },
  listFiles: { 401: [[files]] },
  retrieveFile: { 401: [[`${files}/x`]] },
  downloadFile: { 401: [[`${files}/x/content`]] },
  deleteFile: { 401: [[`${files}/x`]] },
  createBatch: { 401: [[batches, batch]] },
  listBatches: { 401: [[batches]] },
  retrieveBatch: { 401: [[`${batches}/x`]] },
  cancelBatch: { 401: [[`${batches}/x/cancel`]] },
};
