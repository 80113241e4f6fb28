import { useState } from 'preact/hooks';
import { apiKey } from '../api/key.ts';
import { baseUrl } from '../api/server.ts';
import { type CopiedRequest, type Language, snippet } from './snippets.ts';

const NAMES: Record<Language, string> = { curl: 'curl', javascript: 'JavaScript', python: 'Python' };

/** Buttons that copy what is on screen as a program that asks for it. */
export function CopyAs({ request }: { request: CopiedRequest | null }) {
  const [said, setSaid] = useState('');
  /** What the browser would not copy: over plain HTTP it does so on localhost only. */
  const [shown, setShown] = useState<string | null>(null);
  const copy = async (language: Language) => {
    if (request === null) return;
    const { program, note } = snippet(language, request, { baseUrl, needsKey: apiKey.value !== '' });
    const end = note === null ? '' : `. ${note}`;
    const isCopied = await toClipboard(program);
    setShown(isCopied ? null : program);
    setSaid(isCopied ? `Copied as ${NAMES[language]}${end}` : `This browser copies nothing for a page here${end}`);
  };
  return (
    <div class="copy-as">
      <span>Copy as</span>
      {(Object.keys(NAMES) as Language[]).map((language) => (
        <button key={language} type="button" class="quiet" disabled={request === null} onClick={() => copy(language)}>
          {NAMES[language]}
        </button>
      ))}
      <span role="status">{said}</span>
      {shown !== null && (
        <textarea aria-label="Copy it from here" readOnly rows={8} value={shown} onFocus={selectAll} />
      )}
    </div>
  );
}

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function selectAll({ currentTarget }: { currentTarget: HTMLTextAreaElement }): void {
  currentTarget.select();
}
