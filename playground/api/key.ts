import { signal } from '@preact/signals';

const KEY_IN_TAB = 'hotvec-api-key';

/** Kept until the tab is closed, and nowhere else; empty: none. */
export const apiKey = signal(sessionStorage.getItem(KEY_IN_TAB) ?? '');
/** Why the server wants a key, or another one, in its words; null: it does not. */
export const keyRefusal = signal<string | null>(null);
/** Whether a key was given and nothing was answered to it yet. */
export const isKeyTried = signal(false);
/** How often one was given: the same may be right a little later. */
const keysGiven = signal(0);

/** What a header carries as it is: RFC 9110, 5.5. Nothing else is sent, or could be a key of the server. */
const SENDABLE = /^[\x20-\x7e]*$/;

/** Takes a key for what is asked from now on. One that cannot be sent is refused here. */
export function keepKey(key: string): void {
  if (!SENDABLE.test(key)) {
    judgeKey('This is no API key: it has characters beyond ASCII, such as a quotation mark of a text that it was in.');
    return;
  }
  apiKey.value = key;
  sessionStorage.setItem(KEY_IN_TAB, key);
  isKeyTried.value = true;
  keysGiven.value++;
}

/** What the server said of the key of a request. @param refusal null: it was taken. */
export function judgeKey(refusal: string | null): void {
  keyRefusal.value = refusal;
  isKeyTried.value = false;
}

/** Waits until a key is given. @throws {DOMException} AbortError. */
export function nextKey(abort: AbortSignal | undefined): Promise<void> {
  const before = keysGiven.value;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      abort?.removeEventListener('abort', stop);
      unsubscribe();
      settle();
    };
    const stop = () => end(() => reject(abort?.reason));
    abort?.addEventListener('abort', stop, { once: true });
    const unsubscribe = keysGiven.subscribe((count) => {
      if (count !== before) end(resolve);
    });
    if (abort?.aborted) stop();
  });
}
