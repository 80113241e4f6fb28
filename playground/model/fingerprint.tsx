import { useState } from 'preact/hooks';

/** The fingerprint of a model, to be copied: what is compared with it is comparable only where it is the same. */
export function Fingerprint({ value, about }: { value: string | null; about: string }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    if (value === null) return;
    // Over plain HTTP browsers copy for pages of localhost only.
    const isCopied = await navigator.clipboard?.writeText(value).then(
      () => true,
      () => false,
    );
    setSaid(isCopied === true ? 'Copied' : 'This browser copies nothing for a page here: select it');
  };
  return (
    <div class="fingerprint">
      <span class="name">Fingerprint</span>
      <code>{value ?? 'known once it is loaded'}</code>
      <button type="button" class="quiet" disabled={value === null} onClick={copy}>
        Copy
      </button>
      <span role="status">{said}</span>
      <p class="about">{about}</p>
    </div>
  );
}
