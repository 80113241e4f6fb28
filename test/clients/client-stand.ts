import { type ErrorCode, HotvecError } from '../../src/errors.ts';
import { errorTable } from '../../src/http/answers/error-table.ts';
import { goldenTexts } from '../http/answers.ts';
import { type StubService, startStubService } from '../http/stub-service.ts';
import type { RunningService } from '../support/running-service.ts';
import type { ClientTask } from './client-report.ts';

/** What every text of the golden file can be compared in: long enough a list, short enough texts for batches of 2048. */
export const texts = goldenTexts.filter((one) => one.vector_64 !== undefined);

/** What one client is run against: the real service, one that asks for a key, and one that fails as it is asked to. */
export interface ClientStand {
  task: ClientTask;
  /** When requests for a text reached the failing service, in milliseconds. */
  arrivals: (text: string) => number[];
  close: () => Promise<unknown>;
}

/**
 * The failing service answers with the error whose code is the first word of the first text: each time, or, where
 * `once` and milliseconds follow, once, saying with it when to come back. `hang` is never answered.
 */
export async function startClientStand(service: RunningService, retryAfterMs: number): Promise<ClientStand> {
  const arrivals = new Map<string, number[]>();
  const stub = await startStubService({
    embed: (inputs) => {
      const asked = String(inputs[0]?.content);
      const [code, once, delay = '20'] = asked.split(' ');
      const known = arrivals.get(asked) ?? [];
      arrivals.set(asked, [...known, performance.now()]);
      if (code === 'hang') return new Promise<never>(() => {});
      if (once !== undefined && known.length > 0) return undefined;
      const isPermanent = errorTable[code as ErrorCode].retry === false;
      throw new HotvecError(code as ErrorCode, 'As asked.', isPermanent ? {} : { retryAfterMs: Number(delay) });
    },
  });
  const keyed: StubService = await startStubService({ keys: { someone: 'another key' } });
  return {
    task: {
      serviceUrl: service.url,
      stubUrl: stub.url,
      keyedUrl: keyed.url,
      texts: texts.map(({ text }) => text),
      batches: [1, 1000, 2048],
      retryAfterMs,
    },
    arrivals: (text) => arrivals.get(text) ?? [],
    close: () => Promise.all([stub.close(), keyed.close()]),
  };
}
