/** A body of a request with at most so many bytes, and what is left out, in a sentence without quotes; null: nothing. */
export interface ShortenedBody {
  body: Record<string, unknown>;
  note: string | null;
}

/**
 * Keeps the first items of lists that are too long, and the start of a text that is: the request stays a valid one.
 * @param measure bytes of a part of the body as it is written.
 */
export function shortenBody(
  body: Record<string, unknown>,
  mostBytes: number,
  measure: (part: unknown) => number,
): ShortenedBody {
  if (measure(body) <= mostBytes) return { body, note: null };
  const sizes = Object.entries(body).map(([name, value]) => ({ name, value, bytes: measure(value) }));
  sizes.sort((a, b) => a.bytes - b.bytes);
  const shortened = { ...body };
  const said: string[] = [];
  // Small fields leave their share to the large ones. Braces, names and indentation take what is not given out.
  let room = mostBytes * 0.9;
  for (const [i, { name, value, bytes }] of sizes.entries()) {
    const share = room / (sizes.length - i);
    const kept = bytes <= share ? value : shorten(value, share, measure);
    shortened[name] = kept;
    room -= measure(kept);
    if (kept !== value) said.push(describe(name, value, kept));
  }
  return { body: shortened, note: `Shortened for copying: ${said.join('; ')}` };
}

function shorten(value: unknown, mostBytes: number, measure: (part: unknown) => number): unknown {
  if (typeof value === 'string') return beginning(value, mostBytes, measure);
  if (!Array.isArray(value)) return value;
  let bytes = 0;
  let count = 0;
  while (count < value.length) {
    bytes += measure([value[count]]);
    if (bytes > mostBytes) break;
    count += 1;
  }
  // Not even the first: a text or a vector of its own length.
  return count === 0 ? [shorten(value[0], mostBytes, measure)] : value.slice(0, count);
}

/** As much of a text as fits, and no half of a surrogate pair at its end. */
function beginning(text: string, mostBytes: number, measure: (part: unknown) => number): string {
  let low = 0;
  // A UTF-16 unit takes a byte at least.
  let high = Math.min(text.length, Math.floor(mostBytes));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(text.slice(0, middle)) <= mostBytes) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low).replace(/[\ud800-\udbff]$/, '');
}

function describe(name: string, value: unknown, kept: unknown): string {
  const number = (count: number) => count.toLocaleString('en-US');
  if (typeof value === 'string') {
    return `${name} has the first ${number((kept as string).length)} of ${number(value.length)} characters`;
  }
  const [all, first] = [value as unknown[], kept as unknown[]];
  const isCut = first[0] !== all[0];
  return `${name} has ${isCut ? 'the beginning of ' : ''}the first ${number(first.length)} of ${number(all.length)} items`;
}
