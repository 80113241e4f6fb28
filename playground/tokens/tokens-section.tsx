import { useState } from 'preact/hooks';
import { isWithoutEmbedder } from '../api/models.ts';
import { CopyAs } from '../copy-as/copy-as.tsx';
import { TokenCount } from './token-count.tsx';
import { TokenFields } from './token-fields.tsx';
import { TokenList } from './token-list.tsx';
import { TokenReadout } from './token-readout.tsx';
import { TokenTable } from './token-table.tsx';
import { tokenized, tokens, tokensBody } from './tokenization.ts';
import './tokens.css';

/** A text as the model reads it. */
export function TokensSection() {
  const [selected, setSelected] = useState<number | null>(null);
  const [isTableOpen, setTableOpen] = useState(false);
  if (isWithoutEmbedder.value) {
    return <p>This server has no embedding model; a reranker reads pairs, which are shown by no route.</p>;
  }
  const shown = tokenized.value;
  const body = tokensBody.value;
  const part = selected === null ? null : (shown?.parts[selected] ?? null);
  return (
    <div class="tokens-section">
      <TokenFields />
      {shown === null ? (
        <p class="fact">Write a text to see its tokens.</p>
      ) : (
        <div class="shown" aria-busy={tokens.isBehind.value}>
          <TokenCount />
          <ul class="kinds" aria-label="What the looks mean">
            <li>
              <span class="token text tint-0">text</span>
            </li>
            {shown.prompt !== '' && (
              <li>
                <span class="token prompt tint-1">prompt</span>
              </li>
            )}
            <li>
              <span class="token special">special token</span>
            </li>
            <li>
              <span class="token text tint-2">
                é<sup>2</sup>
              </span>{' '}
              a character of two tokens
            </li>
            {shown.cut !== null && (
              <li>
                <del>not read</del>
              </li>
            )}
          </ul>
          <TokenList parts={shown.parts} selected={selected} onSelect={setSelected} />
          <TokenReadout part={part} />
          <details onToggle={({ currentTarget }) => setTableOpen(currentTarget.open)}>
            <summary>The same as a table</summary>
            {isTableOpen && <TokenTable parts={shown.parts} />}
          </details>
        </div>
      )}
      <CopyAs request={body === null ? null : { method: 'POST', route: '/v1/tokenize', body }} />
    </div>
  );
}
