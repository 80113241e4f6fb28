import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { BatchJobs } from '../../../batch-jobs/batch-jobs.ts';
import type { StoredFile } from '../../../batch-jobs/file-store.ts';
import { HotvecError } from '../../../errors.ts';
import { batchesOf, type PageQuery, pageOf } from '../../answers/batch-pages.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { receiveUpload } from './receive-upload.ts';
import { BatchFile, FileDeleted, FileList, fileForm, fileParams, fileQuery } from './schemas.ts';

export interface FilesOptions {
  /** null: they are off. */
  batchJobs: BatchJobs | null;
  /** A client that sends too little of its file in so many milliseconds is given up. */
  receiveMs: number;
}

type ById = { Params: { id: string } };
type Listed = { Querystring: PageQuery & { purpose?: string } };

const PAGE = { usual: 10_000, most: 10_000 } as const;
const FORM = /^multipart\/form-data\s*(;|$)/i;

/** /v1/files, as the OpenAI API has them, for the files of batches. They go to the disk and come from there piece by piece. */
export const filesRoutes: FastifyPluginAsync<FilesOptions> = async (app, { batchJobs, receiveMs }) => {
  await app.register(multipart);
  const tags = ['batches'];

  app.post(
    '/v1/files',
    {
      config: { isOfFiles: true },
      onRequest: async ({ headers }) => {
        if (FORM.test(headers['content-type'] ?? '')) return;
        throw new HotvecError(
          'unsupported_media_type',
          'A file is sent as multipart/form-data, with the fields purpose and file.',
        );
      },
      schema: {
        operationId: 'createFile',
        tags,
        summary: 'Upload the requests of a batch',
        description:
          'As the OpenAI API: a form (`multipart/form-data`) with `purpose` and `file`, JSON lines. A file goes to the disk as it comes.',
        consumes: ['multipart/form-data'],
        body: fileForm,
        response: answers({ description: 'The file', schema: BatchFile }, [400, 401, 404, 408, 413, 415, 507]),
      },
    },
    async (request) => describe(await receiveUpload(request, batchesOf(batchJobs).files, receiveMs)),
  );

  app.get<Listed>(
    '/v1/files',
    {
      schema: {
        operationId: 'listFiles',
        tags,
        summary: 'Files of your API key',
        querystring: fileQuery,
        response: answers({ description: 'A page of them', schema: FileList }, [400, 401, 404]),
      },
    },
    async ({ keyName, query }) => {
      const { files } = batchesOf(batchJobs);
      const listed = files.list(keyName ?? null);
      const wanted = listed.filter(({ purpose }) => query.purpose === undefined || purpose === query.purpose);
      const page = pageOf(wanted, query, { ...PAGE, placeOf: (id) => files.placeOf(id) });
      return { ...page, data: page.data.map(describe) };
    },
  );

  app.get<ById>(
    '/v1/files/:id',
    {
      schema: {
        operationId: 'retrieveFile',
        tags,
        summary: 'What a file is',
        params: fileParams,
        response: answers({ description: 'The file', schema: BatchFile }, [401, 404]),
      },
    },
    async ({ keyName, params }) => describe(batchesOf(batchJobs).files.find(params.id, keyName ?? null)),
  );

  app.get<ById>(
    '/v1/files/:id/content',
    {
      config: { isOfFiles: true },
      schema: {
        operationId: 'downloadFile',
        tags,
        summary: 'What is in a file',
        params: fileParams,
        response: answers(
          { description: 'JSON lines', schema: Type.String(), mediaType: 'application/octet-stream' },
          [401, 404],
        ),
      },
    },
    async ({ method, keyName, params }, reply) => {
      const { files } = batchesOf(batchJobs);
      const { id, bytes } = files.find(params.id, keyName ?? null);
      void reply.type('application/octet-stream').header('content-length', bytes);
      // Node sends no content after HEAD; the file would be read to its end nevertheless.
      return reply.send(method === 'HEAD' ? Readable.from([]) : createReadStream(files.pathOf(id)));
    },
  );

  app.delete<ById>(
    '/v1/files/:id',
    {
      schema: {
        operationId: 'deleteFile',
        tags,
        summary: 'Delete a file',
        description: 'Not while a batch that has not ended reads it.',
        params: fileParams,
        response: answers({ description: 'It is gone', schema: FileDeleted }, [401, 404, 409]),
      },
    },
    async ({ keyName, params: { id } }) => {
      await batchesOf(batchJobs).deleteFile(id, keyName ?? null);
      return { id, object: 'file' as const, deleted: true as const };
    },
  );
};

function describe({ id, bytes, createdAt, expiresAt, filename, purpose }: StoredFile) {
  return {
    id,
    object: 'file' as const,
    bytes,
    created_at: createdAt,
    expires_at: expiresAt,
    filename,
    purpose,
    status: 'processed' as const,
  };
}
