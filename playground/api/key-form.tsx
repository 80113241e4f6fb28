import { useRef } from 'preact/hooks';
import { loadModels } from './models.ts';
import { keepKey, keyRefusal } from './server.ts';

/** Asks for the key that the server wants. It is kept in the tab only, and put into no address. */
export function KeyForm() {
  const field = useRef<HTMLInputElement>(null);
  const send = (event: Event) => {
    event.preventDefault();
    keepKey(field.current?.value.trim() ?? '');
    void loadModels();
  };
  return (
    <form class="key" onSubmit={send}>
      <label for="api-key">API key</label>
      <input id="api-key" ref={field} type="password" autocomplete="off" required aria-describedby="api-key-error" />
      <button type="submit">Use it in this tab</button>
      <p class="error" role="alert" id="api-key-error">
        {keyRefusal.value}
      </p>
    </form>
  );
}
