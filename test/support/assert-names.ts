import assert from 'node:assert/strict';

/**
 * Asserts that a message for people names these facts: a setting, a file, a value, what to do. Nothing reads the sentence
 * around them, so it may be written better.
 */
export function assertNames(message: string, ...facts: (string | RegExp)[]): void {
  for (const fact of facts) {
    const isNamed = typeof fact === 'string' ? message.includes(fact) : fact.test(message);
    assert.ok(isNamed, `${fact} is not named in: ${message}`);
  }
}
