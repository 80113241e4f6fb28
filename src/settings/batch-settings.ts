import { Type } from 'typebox';

/** The Batch API: where its files are, and how many. */
export const batchSettings = {
  batchDir: Type.String({
    default: '',
    description:
      'Folder for the files of the Batch API (`/v1/files`, `/v1/batches`), of this server alone; texts and vectors are stored in it. Empty: the Batch API is off',
  }),
  batchMaxFileBytes: Type.Integer({
    default: 200 * 2 ** 20,
    minimum: 1024,
    description: 'Maximum bytes of an uploaded file',
  }),
  batchMaxStoredBytes: Type.Integer({
    default: 20 * 2 ** 30,
    minimum: 1_048_576,
    description: 'Maximum bytes of all files of batches, uploaded and computed; a batch that needs more waits',
  }),
  batchMaxLines: Type.Integer({
    default: 50_000,
    minimum: 1,
    maximum: 1_000_000,
    description: 'Maximum requests in a batch',
  }),
  batchMaxUnfinished: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 10_000,
    description: 'Maximum batches that have not ended; beyond that they get 429',
  }),
  batchRetentionH: Type.Integer({
    default: 720,
    minimum: 1,
    maximum: 87_600,
    description: 'Hours after which files and ended batches are deleted',
  }),
};
