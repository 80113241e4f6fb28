import { stringify } from 'yaml';

const written = new WeakMap<object, string>();

/**
 * The API's description as YAML, written once: several routes answer it, and writing it takes longer than anything else
 * that the main process does while it starts.
 * @param description as `app.swagger()` returns it, the same object each time.
 */
export function descriptionYaml(description: object): string {
  const text = written.get(description) ?? stringify(description);
  written.set(description, text);
  return text;
}
