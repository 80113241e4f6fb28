/** A request of the page, as it was sent but for the key. */
export interface CopiedRequest {
  method: 'GET' | 'POST';
  /** `/v1/embeddings` */
  route: string;
  body?: unknown;
}

export type Language = 'curl' | 'javascript' | 'python';

export interface SnippetOptions {
  /** Of the server, with a slash at the end. */
  baseUrl: string;
  /** Whether the server asks for a key; the snippet reads it from HOTVEC_API_KEY. */
  needsKey: boolean;
}

/** Something to paste and run that sends the request: with the base URL, and without the key. */
export function snippet(language: Language, request: CopiedRequest, options: SnippetOptions): string {
  return WRITERS[language](request, options);
}

const WRITERS: Record<Language, (request: CopiedRequest, options: SnippetOptions) => string> = {
  curl: () => '',
  javascript: () => '',
  python: () => '',
};
