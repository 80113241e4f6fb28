import { useEffect, useRef } from 'preact/hooks';
import { isKeyTried, keepKey, keyRefusal } from './key.ts';

/** Asks for the key that the server wants. It is kept in the tab only, and put into no address. */
export function KeyForm() {
  const field = useRef<HTMLInputElement>(null);
  const send = (event: Event) => {
    event.preventDefault();
    keepKey(field.current?.value.trim() ?? '');
  };
  // Where the keyboard was is gone with the form.
  useEffect(() => () => document.getElementById('content')?.focus({ preventScroll: true }), []);
  return (
    <form class="key" onSubmit={send}>
      <label for="api-key">API key</label>
      <input
        id="api-key"
        ref={field}
        type="password"
        autocomplete="off"
        spellcheck={false}
        required
        aria-describedby="api-key-error api-key-place"
      />
      <button type="submit">{isKeyTried.value ? 'Trying…' : 'Use it in this tab'}</button>
      <p class="error" role="alert" id="api-key-error" hidden={isKeyTried.value}>
        {isKeyTried.value ? '' : keyRefusal.value}
      </p>
      <p class="place" id="api-key-place">
        It stays in this tab until you close it, and is sent to this server only.
      </p>
    </form>
  );
}
