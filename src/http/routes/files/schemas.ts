import { Type } from 'typebox';
import { oneOf } from '../../openapi/schemas.ts';

/** A file as the OpenAI API writes it. */
export const BatchFile = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('file'),
    bytes: Type.Integer({ description: 'Its size' }),
    created_at: Type.Integer({ description: 'Unix seconds' }),
    expires_at: Type.Integer({ description: 'When it will be deleted, in Unix seconds' }),
    filename: Type.String(),
    purpose: oneOf(['batch', 'batch_output'], {
      description: '`batch`: it was uploaded; `batch_output`: it has answers of a batch',
    }),
    status: Type.Literal('processed', { description: 'Nothing more is done with a file before a batch reads it' }),
  },
  { title: 'File' },
);

export const FileList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(BatchFile),
    first_id: Type.Union([Type.String(), Type.Null()], { description: 'Of `data`; null where there is none' }),
    last_id: Type.Union([Type.String(), Type.Null()], { description: 'For `after` of the next page' }),
    has_more: Type.Boolean(),
  },
  { title: 'FileList' },
);

export const FileDeleted = Type.Object(
  { id: Type.String(), object: Type.Literal('file'), deleted: Type.Literal(true) },
  { title: 'FileDeleted' },
);

export const fileParams = Type.Object({ id: Type.String({ description: "The file's id" }) });

export const fileQuery = Type.Object({
  after: Type.Optional(
    Type.String({ description: 'The id of a file: only those behind it in the list. It may be gone by now' }),
  ),
  limit: Type.Optional(Type.String({ description: 'Files of a page, 1 to 10000. Default: 10000' })),
  order: Type.Optional(
    Type.String({
      description: '`asc`: oldest first; `desc`: newest first, the default. Of answers that is when they were whole',
    }),
  ),
  purpose: Type.Optional(Type.String({ description: '`batch` or `batch_output`: only those' })),
});

/** The form, for the API's description: receive-upload.ts reads it. */
export const fileForm = Type.Object(
  {
    purpose: Type.Literal('batch'),
    file: Type.String({ format: 'binary', description: 'JSON lines: the requests of a batch' }),
    'expires_after[anchor]': Type.Optional(Type.Literal('created_at')),
    'expires_after[seconds]': Type.Optional(
      Type.String({ description: '3600 to 2592000: how long it is kept, if shorter than the operator keeps it' }),
    ),
  },
  { additionalProperties: false, title: 'CreateFileRequest' },
);
