import type { OnRetry } from './retry.ts';

/** A digest that a hub publishes for a file. `git-sha1` is git's id of a blob: SHA-1 over `blob SIZE\0` and the bytes. */
export interface PublishedDigest {
  algorithm: 'sha256' | 'git-sha1';
  /** Lower-case hexadecimal. */
  digest: string;
}

/** A file of a repository at one commit. */
export interface HubFile extends PublishedDigest {
  /** Relative to the repository, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  /** The revision to fetch the file by, where it is not the listing's. */
  revision?: string;
}

/** What a repository holds at one commit. */
export interface Listing {
  /** The hub's model id, `owner/name`. */
  repository: string;
  /** The commit that the asked revision stands for now. */
  revision: string;
  files: HubFile[];
}

/** Bytes of a file as they arrive. */
export interface HubResponse {
  /** 200: from the file's start, whatever was asked; 206: from the offset; 416: the offset is beyond the end. */
  status: 200 | 206 | 416;
  headers: { get(name: string): string | null };
  body: AsyncIterable<Uint8Array>;
}

/** A place that models are published at. */
export interface Hub {
  /** As people write it. */
  readonly title: string;
  /** Where a revision stands for the newest state. */
  readonly defaultRevision: string;
  /**
   * Resolves a branch, tag or commit, and lists the files it holds.
   * @throws {StartError} with the line that says what to do.
   */
  list(repository: string, revision: string, onRetry: OnRetry): Promise<Listing>;
  /**
   * Asks for a file's bytes from `offset` on. One try: {@link RetryableError} where another may succeed.
   * @throws {StartError} where none will.
   */
  open(listing: Listing, file: HubFile, offset: number): Promise<HubResponse>;
}

/** A failure that may be gone at the next try: a cut connection, a hub that is busy. */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  /** What the hub asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The line to end with when tries are used up. */
  readonly advice: string;

  constructor(message: string, advice: string, retryAfterMs?: number) {
    super(message);
    this.advice = advice;
    this.retryAfterMs = retryAfterMs;
  }
}
