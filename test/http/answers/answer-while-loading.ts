import { Writable } from 'node:stream';
import { createLogger } from '../../../src/log/logger.ts';
import { serve } from '../../../src/serve.ts';
import { testConfig } from '../../support/running-service.ts';

/** Sends `body` to a service whose port is open and whose model is not loaded yet; hands the service over when it is. */
export async function answerWhileLoading(
  body: unknown,
  onStarted: (service: { log: () => string; close: () => Promise<void> }) => void,
): Promise<Response> {
  let lines = '';
  let answer: Promise<Response> | undefined;
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      lines += chunk.toString();
      const [, url] = /Server listening at (http:[^"\s]+)/.exec(lines) ?? [];
      if (url !== undefined) {
        answer ??= fetch(`${url}/v1/embeddings`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      }
      done();
    },
  });
  const service = await serve({ config: testConfig(), logger: createLogger('info', sink) });
  onStarted({ log: () => lines, close: service.close });
  if (answer === undefined) throw new Error(`the log does not say where the service listens: ${lines}`);
  return answer;
}
