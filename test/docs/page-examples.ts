/** A request that a page shows with curl, and the answer that the page shows below it, if any. */
export interface PageExample {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
  /** As JSON, where `"…"` stands for what is left out. */
  answer: unknown;
}

const ORIGIN = 'http://127.0.0.1:8080';
/** A `sh` block, and the `json` block that follows it at once. */
const BLOCK = /```sh\n([^`]*)```\n(?:\n```json\n([^`]*)```)?/g;

/** Reads the blocks of a Markdown page that hold one curl command each; other blocks are left out. */
export function pageExamples(page: string): PageExample[] {
  return [...page.matchAll(BLOCK)]
    .filter(([, command = '']) => command.startsWith('curl '))
    .map(([, command = '', answer]) => ({ ...readCurl(command), answer: answer === undefined ? null : parse(answer) }));
}

function readCurl(command: string): Omit<PageExample, 'answer'> {
  const words = [...command.matchAll(/'([^']*)'|([^\s\\]+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const headers: Record<string, string> = {};
  let body: string | undefined;
  let url = '';
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '-H') {
      const [name = '', value = ''] = (words[++i] as string).split(/: */, 2);
      headers[name] = value;
    } else if (word === '-d') body = words[++i];
    else if (word.startsWith(ORIGIN)) url = word.slice(ORIGIN.length);
    else throw new Error(`curl is shown with ${word}, which this reader does not know`);
  }
  return { method: body === undefined ? 'GET' : 'POST', path: url, headers, body };
}

/** JSON in which `…` stands for more elements, more members, or the rest of a text. */
function parse(answer: string): unknown {
  return JSON.parse(answer.replace(/,\s*…\s*\]/g, ', "…"]').replace(/,\s*…\s*\}/g, ', "…": "…"}'));
}

/** @returns the first place where the answer differs from the page; null: nowhere. Numbers may be slightly off. */
export function difference(shown: unknown, answered: unknown, place = '$'): string | null {
  if (typeof shown === 'string' && shown.endsWith('…')) {
    return typeof answered === 'string' && answered.startsWith(shown.slice(0, -1)) ? null : place;
  }
  if (typeof shown === 'number') {
    return typeof answered === 'number' && Math.abs(shown - answered) <= 1e-4 * Math.max(0.01, Math.abs(shown))
      ? null
      : place;
  }
  if (typeof shown !== 'object' || shown === null) return shown === answered ? null : place;
  if (typeof answered !== 'object' || answered === null) return place;
  const isShortened = Array.isArray(shown) ? shown.at(-1) === '…' : '…' in shown;
  const entries = Object.entries(shown).filter(([key, value]) => key !== '…' && value !== '…');
  if (!isShortened && Object.keys(answered).length !== entries.length) return place;
  for (const [key, value] of entries) {
    const found = difference(value, (answered as Record<string, unknown>)[key], `${place}.${key}`);
    if (found !== null) return found;
  }
  return null;
}
