import { shortenBody } from './shorten-body.ts';

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

export interface Snippet {
  program: string;
  /** What of the request is not in it; null: it is whole. */
  note: string | null;
}

interface Call {
  url: string;
  /** JSON with line breaks; null: none is sent. */
  body: string | null;
  needsKey: boolean;
  isJson: boolean;
  note: string | null;
}

/**
 * Bytes of a body that are copied. More is no pleasure to paste, and Linux refuses an argument of 131,072 bytes or more.
 */
export const MOST_COPIED_BYTES = 100_000;

/**
 * What a terminal or an editor would obey, hide or turn around instead of showing it. JSON, JavaScript and Python read
 * the same escape.
 */
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"|true|false|null/g;
const PYTHON_WORDS: Record<string, string> = { true: 'True', false: 'False', null: 'None' };

/** Something to paste and run that sends the request: with the base URL, without the key, and with nothing to install. */
export function snippet(language: Language, { method, route, body }: CopiedRequest, options: SnippetOptions): Snippet {
  const url = new URL(route.slice(1), options.baseUrl).href.replaceAll("'", '%27');
  const isJson = route !== '/metrics';
  if (method === 'GET') {
    const program = WRITERS[language]({ ...options, url, body: null, isJson, note: null });
    return { program, note: null };
  }
  const measure = (part: unknown) => new TextEncoder().encode(quotable(jsonOf(part))).length;
  const shortened = shortenBody(body as Record<string, unknown>, MOST_COPIED_BYTES, measure);
  const call = { ...options, url, body: jsonOf(shortened.body), isJson, note: shortened.note };
  return { program: WRITERS[language](call), note: shortened.note };
}

const WRITERS: Record<Language, (call: Call) => string> = {
  curl: ({ url, body, needsKey, note }) => {
    const parts = [
      `curl -sS '${url}'`,
      ...(needsKey ? [`-H "authorization: Bearer $HOTVEC_API_KEY"`] : []),
      ...(body === null ? [] : ["-H 'content-type: application/json'", `-d '${quotable(body)}'`]),
    ];
    // A command that does nothing: pasted into zsh, a comment is an error.
    return `${note === null ? '' : `: '${note}'\n`}${parts.join(' \\\n  ')}\n`;
  },

  javascript: ({ url, body, needsKey, isJson, note }) => {
    const headers = [
      ...(body === null ? [] : ["'content-type': 'application/json'"]),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the snippet has the template.
      ...(needsKey ? ['authorization: `Bearer ${process.env.HOTVEC_API_KEY}`'] : []),
    ];
    const init = [
      ...(body === null ? [] : ["  method: 'POST',"]),
      ...(headers.length === 0 ? [] : [`  headers: { ${headers.join(', ')} },`]),
      ...(body === null ? [] : ['  body: JSON.stringify(body),']),
    ];
    return lines(
      '// Node 20 or newer, in a file that ends in .mjs; nothing to install',
      note !== null && `// ${note}`,
      body !== null && `const body = ${body};`,
      init.length === 0
        ? `const response = await fetch('${url}');`
        : `const response = await fetch('${url}', {\n${init.join('\n')}\n});`,
      'if (!response.ok) throw new Error(await response.text());',
      `const answer = await response.${isJson ? 'json' : 'text'}();`,
      `console.log(${isJson ? 'JSON.stringify(answer)' : 'answer'});`,
    );
  },

  python: ({ url, body, needsKey, isJson, note }) => {
    const headers = [
      ...(body === null ? [] : ['"content-type": "application/json"']),
      ...(needsKey ? ['"authorization": "Bearer " + os.environ["HOTVEC_API_KEY"]'] : []),
    ];
    return lines(
      '# Python 3, nothing to install',
      note !== null && `# ${note}`,
      `import json, ${needsKey ? 'os, ' : ''}urllib.error, urllib.request`,
      '',
      body !== null && `body = ${pythonLiteral(body)}`,
      'request = urllib.request.Request(',
      `    "${url}",`,
      body !== null && '    data=json.dumps(body).encode(),',
      headers.length > 0 && `    headers={${headers.join(', ')}},`,
      ')',
      'try:',
      '    with urllib.request.urlopen(request) as response:',
      `        answer = ${isJson ? 'json.load(response)' : 'response.read().decode()'}`,
      `        print(${isJson ? 'json.dumps(answer)' : 'answer'})`,
      'except urllib.error.HTTPError as error:',
      '    print(error.read().decode())',
    );
  },
};

function jsonOf(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    UNSEEN,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * JSON that says the same without `'` and without a doubled backslash: between single quotes it is itself in every shell,
 * also in fish, which reads `\\` there.
 */
function quotable(json: string): string {
  return json.replaceAll('\\\\', '\\u005c').replaceAll("'", '\\u0027');
}

/** The same value in Python: JSON's strings and numbers are Python's. */
function pythonLiteral(json: string): string {
  return json.replace(STRING_OR_WORD, (found) => PYTHON_WORDS[found] ?? found);
}

function lines(...all: (string | false)[]): string {
  return `${all.filter((line) => line !== false).join('\n')}\n`;
}
