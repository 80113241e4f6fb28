import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { ErrorCode, HotvecError } from '../../errors.ts';
import { ErrorEnvelope } from '../openapi/schemas.ts';
import { errorFields, errorTable } from './error-table.ts';

/** How errors are written on a route: its clients know one form, and the statuses of the service they were made for. */
export interface ErrorFormat {
  /** Of the body. Its title is part of the names of the error responses in the API's description. */
  schema: TSchema;
  /** Whether the body tells hotvec's code. */
  tellsCode: boolean;
  statusOf: (code: ErrorCode) => number;
  bodyOf: (error: HotvecError, request: FastifyRequest) => object;
}

/** `{"error": {message, type, param, code}}`, as the OpenAI API writes errors: the form of every route that names no other. */
export const openaiErrors: ErrorFormat = {
  schema: ErrorEnvelope,
  tellsCode: true,
  statusOf: (code) => errorTable[code].status,
  bodyOf: (error) => ({ error: errorFields(error) }),
};

/** Another body that a route takes. */
export interface OtherForm {
  body: object;
  /** How errors in it are written. */
  errors: ErrorFormat;
  /** A field that only this form has: with it a body is of this form, whatever else it has. */
  mark?: string;
  /** Its answers, as in a route's schema; without them the API's description does not have it. */
  response?: object;
}
