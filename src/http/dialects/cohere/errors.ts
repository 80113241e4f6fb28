import { Type } from 'typebox';
import type { ErrorFormat } from '../../answers/error-format.ts';
import { errorTable } from '../../answers/error-table.ts';

/** `{"id", "message"}`, as Cohere writes errors. */
export const cohereErrors: ErrorFormat = {
  schema: Type.Object(
    {
      id: Type.String({ description: "The request's id, as in `x-request-id`" }),
      message: Type.String({ description: 'What was received, what was expected and what to do' }),
    },
    { title: 'CohereError' },
  ),
  tellsCode: false,
  statusOf: (code) => errorTable[code].status,
  bodyOf: ({ message }, { id }) => ({ id, message }),
};
