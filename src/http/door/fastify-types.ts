import type { ErrorCode } from '../../errors.ts';
import type { WorkFacts } from '../../metrics/metrics.ts';
import type { RunFacts } from '../../tasks/embedding/embedder.ts';
import type { ErrorFormat, OtherForm } from '../answers/error-format.ts';
import type { HeldBytes } from './inflight-bytes.ts';
import type { RequestProgress } from './request-progress.ts';

/** What a request's log line and metrics tell of its work, besides method, route and status. */
export interface WorkReport extends WorkFacts, Omit<RunFacts, 'timings'> {}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How the route writes errors; left out: in the OpenAI envelope. */
    errors?: ErrorFormat;
    /** Bodies that the route takes besides that of its schema, told apart by their fields. */
    otherForms?: readonly OtherForm[];
    /** Whether a body may come without `content-type: application/json`, see json-body.ts. */
    takesUntypedBody?: true;
    /** Whether bodies and answers go to and from the disk, piece by piece: they are not JSON, and not held in memory. */
    isOfFiles?: true;
    /** Whether the route only says that there is no such thing here: no hint names it. */
    isNotServed?: true;
  }
  interface FastifyRequest {
    /** Name of the API key it came with. */
    keyName: string | undefined;
    errorCode: ErrorCode | undefined;
    /** Name of the model that it asks for; undefined before that is known. */
    servedModel: string | undefined;
    /** Bytes of its body and its answer. */
    held: HeldBytes;
    progress: RequestProgress;
    /** Length of the body that was read; undefined before. */
    bodyBytes: number | undefined;
    /** Title of the schema that holds for the body; undefined before that is known. */
    bodyForm: string | undefined;
    work: WorkReport | undefined;
  }
}
