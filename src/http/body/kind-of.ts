/** What a JSON value is, in words for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  // What JSON.parse makes of 1e999.
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return 'too large a number';
  return (
    { string: 'a text', number: 'a number', boolean: 'a boolean', object: 'an object' }[typeof value as string] ??
    'something else'
  );
}

/** A number as people write it: 2,048. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
