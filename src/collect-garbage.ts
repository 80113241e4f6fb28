import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects all garbage on the JavaScript heap at once, and gives its pages back to the system: 50 to 100 milliseconds, for a moment at which
 * nobody waits. Left to itself V8 keeps what a start leaves behind, such as a tokenizer's file as objects, until memory runs short.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  // What the first makes unreachable by its finalizers, such as buffers outside the heap, the second gives back.
  collect();
  collect();
}
