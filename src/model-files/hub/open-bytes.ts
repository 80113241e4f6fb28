import type { HubResponse } from './hub.ts';
import { RetryableError } from './hub.ts';
import type { HubClient } from './hub-client.ts';

/**
 * Asks for a file from `offset` on. Failures while the body is read are {@link RetryableError}s too.
 * @throws {RetryableError | StartError}
 */
export async function openBytes(client: HubClient, url: string, subject: string, offset: number): Promise<HubResponse> {
  const response = await client.get(url, subject, offset === 0 ? {} : { range: `bytes=${offset}-` });
  const { status, body } = response;
  if ((status !== 200 && status !== 206 && status !== 416) || body === null) {
    throw new RetryableError(`status ${status}`, `${url} answered ${status} without a file. Try again later.`);
  }
  async function* bytes(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* stream;
    } catch (error) {
      throw client.unreachable(error, subject);
    }
  }
  return { status, headers: response.headers, body: bytes(body as AsyncIterable<Uint8Array>) };
}
