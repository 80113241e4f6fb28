import assert from 'node:assert/strict';
import { readConfig } from '../../src/settings/config.ts';
import { startService } from './running-service.ts';

/** To start an engine process, this file would have to exist. */
export const noEngine = new URL('./no-such-engine.js', import.meta.url);

/**
 * Starts a service with these settings, which must fail: before anyone waits for an engine process, unless one is given.
 * @returns the line that the operator is told; `hotvec serve` logs it and exits with 1 (e2e/start-errors.test.ts).
 */
export async function startFailure(environment: Record<string, string>, engineEntry = noEngine): Promise<string> {
  let message = '';
  // Some starts open the port before they fail: any will do.
  await assert.rejects(startService(readConfig({ PORT: '0', ...environment }), engineEntry), (error: Error) => {
    assert.equal(error.name, 'StartError', error.stack);
    message = error.message;
    return true;
  });
  assert.doesNotMatch(message, /\n/);
  return message;
}
