import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { type ApiError, noAnswer, readApiError } from '../../playground/api/api-error.ts';
import { askAgainNow, stopWaiting, waitFor, waiting } from '../../playground/api/waiting.ts';

const envelope = (code: string) => JSON.stringify({ error: { message: 'Not now.', type: 'x', code, param: null } });
const refusal = (headers: Record<string, string>, status = 503, code = 'not_ready') =>
  readApiError(status, envelope(code), new Headers(headers));

describe('readApiError()', () => {
  it('knows what may pass, and what stays', () => {
    for (const [status, code, headers, isPassing] of [
      [503, 'engine_restarting', {}, true],
      [503, 'not_ready', { 'x-should-retry': 'false' }, false],
      [429, 'overloaded', {}, true],
      [504, 'deadline_exceeded', {}, false],
      [504, 'of_a_proxy', {}, true],
      [400, 'invalid_input', {}, false],
      [401, 'invalid_api_key', {}, false],
    ] as const) {
      assert.equal(refusal(headers, status, code).isPassing, isPassing, code);
    }
    assert.equal(noAnswer().isPassing, true);
  });

  it('reads when to ask again: in milliseconds, in seconds, as a date', () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    assert.equal(refusal({ 'retry-after': '2', 'retry-after-ms': '1250' }).retryAfterMs, 1250);
    assert.equal(refusal({ 'retry-after': '2' }).retryAfterMs, 2000);
    const ms = refusal({ 'retry-after': inAMinute }).retryAfterMs ?? 0;
    assert.ok(ms > 50_000 && ms <= 60_000, `${ms}`);
    assert.equal(refusal({ 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }).retryAfterMs, 0);
    for (const text of ['soon', '']) assert.ok(!refusal({ 'retry-after': text }).retryAfterMs, text);
  });

  it('takes the words of the API, and shows those of whatever else answered', () => {
    const { message, code, param } = readApiError(
      400,
      '{"error":{"message":"Too many.","code":"invalid_dimensions","param":"dimensions"}}',
      new Headers(),
    );
    assert.deepEqual([message, code, param], ['Too many.', 'invalid_dimensions', 'dimensions']);
    const proxy = readApiError(502, '<html>Bad gateway', new Headers());
    assert.match(proxy.message, /HTTP 502.*Bad gateway/);
    assert.deepEqual([proxy.code, proxy.param], ['http_502', null]);
  });
});

describe('waitFor()', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  /** How a promise ended so far. */
  const watch = (promise: Promise<void>) => {
    const seen: { ended?: 'resolved' | unknown } = {};
    promise.then(
      () => {
        seen.ended = 'resolved';
      },
      (error: unknown) => {
        seen.ended = error;
      },
    );
    return seen;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    mock.timers.tick(ms);
    await turn();
  };

  it('waits exactly as long as the server says, however long', async () => {
    for (const seconds of [0.25, 3, 300]) {
      const wait = watch(waitFor(refusal({ 'retry-after-ms': String(seconds * 1000) }), 0, undefined));
      await pass(seconds * 1000 - 1);
      assert.equal(wait.ended, undefined);
      await pass(1);
      assert.equal(wait.ended, 'resolved');
    }
  });

  it('waits longer each time where nobody says how long, up to 4 s', async () => {
    for (const [tries, ms] of [
      [0, 500],
      [1, 1000],
      [3, 4000],
      [1000, 4000],
    ] as const) {
      const wait = watch(waitFor(noAnswer(), tries, undefined));
      await pass(ms - 1);
      assert.equal(wait.ended, undefined);
      await pass(1);
      assert.equal(wait.ended, 'resolved');
    }
  });

  it('is shown while it lasts, with all others, and the next of them', async () => {
    assert.equal(waiting.value, null);
    const first = watch(waitFor(refusal({ 'retry-after': '5' }), 0, undefined));
    const second = watch(waitFor(refusal({ 'retry-after': '2' }), 0, undefined));
    assert.deepEqual(waiting.value, { reason: 'Not now.', untilMs: Date.now() + 2000, requests: 2 });
    await pass(2000);
    assert.equal(second.ended, 'resolved');
    assert.deepEqual(waiting.value, { reason: 'Not now.', untilMs: Date.now() + 3000, requests: 1 });
    await pass(3000);
    assert.equal(first.ended, 'resolved');
    assert.equal(waiting.value, null);
  });

  it('ends for all when the user does not want to wait: at once, or with what the API said', async () => {
    const reasons: ApiError[] = [refusal({}), noAnswer()];
    const hurried = reasons.map((reason) => watch(waitFor(reason, 5, undefined)));
    askAgainNow();
    await turn();
    assert.deepEqual(
      hurried.map(({ ended }) => ended),
      ['resolved', 'resolved'],
    );
    const stopped = reasons.map((reason) => watch(waitFor(reason, 5, undefined)));
    stopWaiting();
    await turn();
    assert.deepEqual(
      stopped.map(({ ended }) => ended),
      reasons,
    );
    assert.equal(waiting.value, null);
  });

  it('ends when its request is cancelled, before or meanwhile, and no other does', async () => {
    const abort = new AbortController();
    const cancelled = watch(waitFor(refusal({ 'retry-after': '9' }), 0, abort.signal));
    const other = watch(waitFor(refusal({ 'retry-after': '9' }), 0, undefined));
    abort.abort();
    const late = watch(waitFor(refusal({ 'retry-after': '9' }), 0, abort.signal));
    await turn();
    assert.deepEqual([cancelled.ended, late.ended], [abort.signal.reason, abort.signal.reason]);
    assert.equal(other.ended, undefined);
    assert.equal(waiting.value?.requests, 1);
    await pass(9000);
    assert.equal(other.ended, 'resolved');
  });
});
