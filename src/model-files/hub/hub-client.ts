import { EnvHttpProxyAgent, fetch, Response } from 'undici';
import { StartError } from '../../errors.ts';
import { packageVersion } from '../../package-info.ts';
import { explainNonsense, explainStatus, explainUnreachable } from './explain-failure.ts';
import { type HubResponse, RetryableError } from './hub.ts';
import { type OnRetry, type Wait, withRetries } from './retry.ts';

const CONNECT_MS = 20_000;
/** Longest silence of a server, before the headers and between two pieces of a body. */
const SILENCE_MS = 60_000;
/** A list of files: longest time and most bytes. */
const SMALL_ANSWER_MS = 60_000;
const SMALL_ANSWER_BYTES = 64 << 20;
/** Statuses that mean "not now". */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

export interface HubClientOptions {
  /** As people write it: `Hugging Face`. */
  title: string;
  /** With or without a slash at its end. */
  endpoint: string;
  /** The settings to name in advice. */
  endpointSetting: string;
  tokenSetting: string;
  /** Empty: none. */
  token: string;
  /** Headers that carry the token. */
  authorize: (token: string) => Record<string, string>;
  wait: Wait;
  /** Longest time for a whole small answer, in milliseconds. */
  smallAnswerMs?: number;
}

/** What the operator says of a hub; the rest is known of it. */
export type HubAccess = Pick<HubClientOptions, 'endpoint' | 'token' | 'wait'>;

/**
 * Speaks HTTP with one hub: proxies by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, timeouts, errors as lines that say what to
 * do. The token goes to the hub's own origin only; fetch drops it when the hub redirects to another host.
 */
export class HubClient {
  readonly options: HubClientOptions;
  private readonly agent: EnvHttpProxyAgent;

  constructor(options: HubClientOptions) {
    this.options = { ...options, endpoint: options.endpoint.replace(/\/+$/, '') };
    try {
      this.agent = new EnvHttpProxyAgent({
        connect: { timeout: CONNECT_MS },
        headersTimeout: SILENCE_MS,
        bodyTimeout: SILENCE_MS,
      });
    } catch {
      // The error has the address in it, and the address often a password.
      throw new StartError(
        'HTTPS_PROXY or HTTP_PROXY is not a proxy address (its value is not shown). Set it to http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with special characters in the password percent-encoded.',
      );
    }
  }

  /**
   * Asks for something small, and reads it to its end; again where another try may succeed. A server that sends it drop by
   * drop, or without end, is not waited for.
   * @param subject what is asked for, for the messages: a model id.
   * @throws {StartError} with the line that says what to do.
   */
  getSmall(url: string, subject: string, onRetry: OnRetry, headers?: Record<string, string>): Promise<Response> {
    return withRetries(() => this.trySmall(url, subject, headers), this.options.wait, onRetry);
  }

  /**
   * Asks once for a file from `offset` on. Failures while the body is read are {@link RetryableError}s too.
   * @throws {RetryableError | StartError}
   */
  async open(url: string, subject: string, offset: number): Promise<HubResponse> {
    const response = await this.get(url, subject, offset === 0 ? {} : { range: `bytes=${offset}-` });
    const { status, headers, body } = response;
    if ((status !== 200 && status !== 206 && status !== 416) || body === null) {
      throw new RetryableError(`status ${status}`, `${url} answered ${status} without a file. Try again later.`);
    }
    return { status, headers, body: this.read(body as AsyncIterable<Uint8Array>, subject) };
  }

  /** An answer that is not the hub's API. */
  nonsense(subject: string): StartError {
    return new StartError(explainNonsense(subject, this.options));
  }

  /** One GET. Statuses below 400, and 416, are returned. @throws {RetryableError | StartError} */
  private async get(
    url: string,
    subject: string,
    headers: Record<string, string> = {},
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const { endpoint, token, authorize } = this.options;
    const isOwn = new URL(url).origin === new URL(endpoint).origin;
    let response: Response;
    try {
      response = await fetch(url, {
        dispatcher: this.agent,
        signal,
        headers: {
          'user-agent': `hotvec/${packageVersion}`,
          // Compressed answers would have other sizes and offsets than the files.
          'accept-encoding': 'identity',
          ...(isOwn && token !== '' ? authorize(token) : {}),
          ...headers,
        },
      });
    } catch (error) {
      throw this.unreachable(error, subject);
    }
    if (response.status < 400 || response.status === 416) return response;
    await response.body?.cancel().catch(() => {});
    const { status, headers: answered } = response;
    const advice = explainStatus({ status, code: answered.get('x-error-code'), subject }, this.options);
    if (!PASSING.has(status)) throw new StartError(advice);
    throw new RetryableError(`status ${status}`, advice, retryAfterOf(response));
  }

  private async trySmall(url: string, subject: string, headers: Record<string, string> = {}): Promise<Response> {
    const { smallAnswerMs = SMALL_ANSWER_MS } = this.options;
    const signal = AbortSignal.timeout(smallAnswerMs);
    const response = await this.get(url, subject, headers, signal);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.read(response.body ?? [], subject)) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > SMALL_ANSWER_BYTES) throw this.nonsense(subject);
    }
    const { status, headers: answered } = response;
    return new Response(bytes === 0 ? null : Buffer.concat(pieces), { status, headers: answered });
  }

  private async *read(body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, subject: string) {
    try {
      yield* body;
    } catch (error) {
      throw this.unreachable(error, subject);
    }
  }

  /** A failure of the network, while asking or while reading a body. */
  private unreachable(error: unknown, subject: string): RetryableError {
    const reason = reasonOf(error);
    return new RetryableError(reason, explainUnreachable(reason, subject, this.options));
  }
}

/** undici says `fetch failed`; the cause says why. */
function reasonOf(error: unknown): string {
  const { cause, message, name } = error as Error;
  if (name === 'TimeoutError') return 'the response did not finish in time';
  const inner = cause as (NodeJS.ErrnoException & { errors?: Error[] }) | undefined;
  return inner?.errors?.[0]?.message || inner?.message || inner?.code || message;
}

function retryAfterOf(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) && milliseconds > 0 ? milliseconds : undefined;
}
