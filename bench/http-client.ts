import { Pool } from 'undici';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  milliseconds: number;
}

/** A plain HTTP client with kept-alive connections: a benchmark's client must cost little beside the server. */
export class HttpClient {
  private readonly pool: Pool;
  private readonly headers: Record<string, string>;

  /** @param connections most connections at a time; null: as many as there are requests under way. */
  constructor(url: string, connections: number | null, headers: Record<string, string> = {}) {
    // A large model may take its time: it is for the measurement to say how long that was.
    this.pool = new Pool(url, { connections, headersTimeout: 0, bodyTimeout: 0 });
    this.headers = headers;
  }

  /** Whatever the status. @throws when there is no answer. */
  async attempt(path: string, body?: string): Promise<Answer> {
    const start = performance.now();
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await this.pool.request({
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...this.headers, ...content },
      body: body ?? null,
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    const { statusCode: status, headers } = response;
    return { status, headers, body: bytes, milliseconds: performance.now() - start };
  }

  /** @throws for every status but 200: errors are answered quickly and would count as speed. */
  async send(path: string, body?: string): Promise<Answer> {
    const answer = await this.attempt(path, body);
    if (answer.status === 200) return answer;
    throw new Error(`${path} answered ${answer.status}: ${answer.body.subarray(0, 300)}`);
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
