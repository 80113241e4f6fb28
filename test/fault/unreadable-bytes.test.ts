import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { checkLogLine } from '../support/log-lines.ts';

describe('An engine process that writes bytes on its channel that are no message', () => {
  it('is replaced; the main process goes on, and ends for an error of its own', async () => {
    const parent = fork(new URL('../support/parent-of-babbling-engine.js', import.meta.url), { silent: true });
    let output = '';
    parent.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    let complaint = '';
    parent.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const exit = once(parent, 'close');
    const [told] = (await Promise.race([once(parent, 'message'), exit])) as [Record<string, unknown> | number];
    assert.ok(typeof told === 'object', `it ended with ${told}`);
    const { failure, losses, before, after } = told;
    assert.deepEqual({ failure, losses }, { failure: 'EngineLostError', losses: ['bad_reply'] });
    assert.deepEqual(after, before);
    assert.equal((await exit)[0], 1);
    const last = output.trim().split('\n').at(-1) as string;
    assert.equal(checkLogLine(last), 'ended by an uncaught error');
    assert.match(JSON.parse(last).frames[0], /parent-of-babbling-engine/);
    assert.match(complaint, /an uncaught error: Error[\s\S]*parent-of-babbling-engine/);
    assert.doesNotMatch(last + complaint, /of our own/, 'a message may quote what a client sent');
  });
});
