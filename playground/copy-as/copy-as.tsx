import { useState } from 'preact/hooks';
import { apiKey, baseUrl } from '../api/server.ts';
import { type CopiedRequest, type Language, snippet } from './snippets.ts';

const NAMES: Record<Language, string> = { curl: 'curl', javascript: 'JavaScript', python: 'Python' };

/** Buttons that copy what is on screen as a program that asks for it. */
export function CopyAs({ request }: { request: CopiedRequest | null }) {
  const [copied, setCopied] = useState('');
  const copy = async (language: Language) => {
    if (request === null) return;
    await navigator.clipboard.writeText(snippet(language, request, { baseUrl, needsKey: apiKey.value !== '' }));
    setCopied(`Copied as ${NAMES[language]}`);
  };
  return (
    <div class="copy-as">
      <span>Copy as</span>
      {(Object.keys(NAMES) as Language[]).map((language) => (
        <button key={language} type="button" class="quiet" disabled={request === null} onClick={() => copy(language)}>
          {NAMES[language]}
        </button>
      ))}
      <span role="status">{copied}</span>
    </div>
  );
}
