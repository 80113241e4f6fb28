import fastJsonStringify, { type Schema } from 'fast-json-stringify';
import type { FastifyInstance } from 'fastify';

/**
 * Makes one serializer for all answers of the same form. Fastify makes one for each answer of each route, 290 of which 28
 * differ, and these took as long as everything else in making the application.
 */
export function shareSerializers(app: FastifyInstance): void {
  const serializers = new Map<string, (value: unknown) => string>();
  app.setSerializerCompiler(({ schema }) => {
    const form = JSON.stringify(schema);
    const serialize = serializers.get(form) ?? fastJsonStringify(schema as Schema);
    serializers.set(form, serialize);
    return serialize;
  });
}
