import { tokenized, totalCount } from './tokenization.ts';

/** How many tokens the text has, of how many the model reads. */
export function TokenCount() {
  const shown = tokenized.value;
  if (shown === null) return null;
  const { cut, kept, limit } = shown;
  const total = totalCount.value;
  const number = (count: number) => count.toLocaleString('en-US');
  return (
    <div class="count" role="status">
      <p>
        <strong>{total === null ? `more than ${number(limit)}` : number(total)}</strong>{' '}
        {total === 1 ? 'token' : 'tokens'} of {number(limit)} that the model reads at most
      </p>
      <meter
        min={0}
        max={limit}
        high={limit - 1}
        optimum={0}
        value={Math.min(limit, total ?? limit)}
        aria-label="Share of the limit"
      >
        {kept}
      </meter>
      {cut !== null && (
        <p class="over">
          Too long{total === null ? '' : ` by ${number(total - limit)}`}: <code>/v1/embeddings</code> refuses it, or
          reads the {cut === 'end' ? 'beginning' : 'end'} alone with <code>"truncate": "{cut}"</code>. What is struck
          through is not read.
        </p>
      )}
    </div>
  );
}
