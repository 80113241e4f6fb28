import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { embeddingRequests } from '../../../src/bulk/fleet/embedding-requests.ts';
import { explainConnection } from '../../../src/bulk/fleet/explain-connection.ts';
import { type FleetSourceOptions, openFleet } from '../../../src/bulk/fleet/fleet-source.ts';
import type { FleetEvent } from '../../../src/bulk/fleet/server-watch.ts';
import type { Item, ResultSource } from '../../../src/bulk/result-source.ts';
import { systemClock } from '../../../src/clock.ts';
import { type Said, startAnswering } from '../../support/answering-server.ts';
import { assertNames } from '../../support/assert-names.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SPACE = 'aaaabbbbccccdddd';
const wish = { dimensions: null, normalize: null, truncate: 'error', role: null, instruction: null } as const;

interface Asked {
  texts: string[];
  headers: IncomingMessage['headers'];
}

/** Gives a text the vector [its length, 1]. */
function vectorsOf(texts: readonly string[], fingerprint = SPACE): Said {
  const data = texts.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: Buffer.from(Float32Array.of(text.length, 1).buffer).toString('base64'),
  }));
  const body = { model: 'm', data, usage: { prompt_tokens: texts.length } };
  return { body, headers: { 'x-embedding-fingerprint': fingerprint } };
}

const refused = (status: number, code: string, headers: Record<string, string> = {}): Said => ({
  status,
  headers,
  body: { error: { message: `said ${code}`, code } },
});

describe('openFleet()', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  /** A server that answers as it is told, at first with vectors, and keeps what it was asked after it was found. */
  async function server(first: (texts: string[]) => Said | Promise<Said> = vectorsOf) {
    const one = { url: '', asked: [] as Asked[], answer: first, close: () => {} };
    const { url, close } = await startAnswering((_, body, { headers }) => {
      const texts = (JSON.parse(body) as { input: string[] }).input;
      one.asked.push({ texts, headers });
      return one.answer(texts);
    });
    closers.push(close);
    return Object.assign(one, { url, close });
  }
  async function open(urls: readonly string[], options: Partial<FleetSourceOptions> = {}) {
    const events: FleetEvent[] = [];
    const source = await openFleet({
      urls,
      headers: { authorization: 'Bearer secret' },
      task: embeddingRequests('text', null, wish),
      gives: 'vectors',
      clock: systemClock,
      startMs: 0,
      patienceMs: 60_000,
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
      ...options,
    });
    closers.push(() => source.close());
    return { source, events };
  }
  const items = (...texts: string[]): Item[] => texts.map((text) => [text]);
  const compute = (source: ResultSource, ...texts: string[]) =>
    source.compute(items(...texts), new AbortController().signal);
  const lengths = (results: readonly unknown[]) => results.map((result) => (result as Float32Array)[0]);

  it('asks at bulk priority, with the key, for the one fingerprint of all', async () => {
    const [a, b] = [await server(), await server()];
    const { source } = await open([a.url, b.url]);
    assert.deepEqual(
      { ...source.facts },
      { model: 'm', fingerprint: SPACE, device: null, dimensions: 2, isUnit: false },
    );
    a.asked.length = b.asked.length = 0;
    const { results, tokens } = await compute(source, 'one', 'seven77');
    assert.deepEqual(lengths(results), [3, 7]);
    assert.equal(tokens, 2);
    const [{ headers }] = [...a.asked, ...b.asked] as [Asked];
    assert.equal(headers['x-priority'], 'bulk');
    assert.equal(headers.authorization, 'Bearer secret');
    assert.equal(headers['x-expect-fingerprint'], SPACE);
  });

  it('refuses servers of different fingerprints by name, one that is no hotvec, and one that refuses what is asked', async () => {
    const a = await server();
    const b = await server((texts) => vectorsOf(texts, '1111222233334444'));
    await assert.rejects(open([a.url, b.url]), (error: Error) => {
      assertNames(error.message, a.url, b.url, SPACE, '1111222233334444');
      return error.name === 'StartError';
    });
    const other = await server(() => ({ body: { data: [] } }));
    await assert.rejects(open([other.url]), { name: 'StartError', message: new RegExp(other.url) });
    const locked = await server(() => refused(401, 'invalid_api_key'));
    await assert.rejects(open([a.url, locked.url]), { message: new RegExp(`${locked.url}.*said invalid_api_key`) });
    const gone = await server();
    gone.close();
    await assert.rejects(open([gone.url]), { message: new RegExp(`${gone.url}.*ECONNREFUSED`) });
  });

  const page = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
  const listen = (tcp: net.Server) =>
    new Promise<number>((resolve) => {
      closers.push(() => tcp.close());
      tcp.listen(0, '127.0.0.1', () => resolve((tcp.address() as AddressInfo).port));
    });

  it('refuses an address at once where asking again is of no use, and says what is wrong with it', async () => {
    const hotvec = await server();
    const ssh = await listen(net.createServer((socket) => socket.on('error', () => {}).write('SSH-2.0-OpenSSH\r\n')));
    const redirecting = await server(() => ({ status: 301, headers: { location: 'https://elsewhere/v1' }, body: '' }));
    const missing = await server(() => ({ status: 404, body: '<h1>Not\n here</h1>' }));
    const website = await server(() => ({ body: page }));
    for (const [url, ...facts] of [
      [hotvec.url.replace('http:', 'https:'), 'TLS', 'http://'],
      [`http://127.0.0.1:${ssh}`, 'does not speak HTTP'],
      [redirecting.url, 'redirects to https://elsewhere/v1', '301'],
      [missing.url, '404', '"Not here"'],
      [website.url, 'no hotvec'],
    ] as const) {
      await assert.rejects(open([hotvec.url, url], { startMs: 600_000 }), (error: Error) => {
        assertNames(error.message, url, ...facts);
        assert.doesNotMatch(error.message, /\n/);
        return error.name === 'StartError';
      });
    }
  });

  it('waits for a server that may come, and says at once what it waits for', async () => {
    const starting = await server(() => ({ status: 502, body: page }));
    const events: FleetEvent[] = [];
    const onEvent = (event: FleetEvent) => {
      events.push(event);
      starting.answer = vectorsOf;
    };
    const { source } = await open([starting.url], { startMs: 600_000, onEvent });
    assert.deepEqual(lengths((await compute(source, 'four')).results), [4]);
    assert.deepEqual(
      events.map(({ kind, url }) => [kind, url]),
      [['waiting', starting.url]],
    );
    assertNames(events[0]?.reason ?? '', '502', '"502 Bad Gateway"', 'proxy');

    const closing = await listen(
      net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end())),
    );
    for (const [url, ...facts] of [
      ['http://127.0.0.1:1', 'ECONNREFUSED', 'nothing listens'],
      ['http://no-such-host.invalid', 'no host of this name', 'ENOTFOUND'],
      [`http://127.0.0.1:${closing}`, 'https://'],
    ] as const) {
      await assert.rejects(open([url]), (error: Error) => {
        assertNames(error.message, url, ...facts);
        return error.name === 'StartError';
      });
    }
  });

  it('says that it waits for a server that takes a request and is silent', async () => {
    const port = await listen(net.createServer((socket) => closers.push(() => socket.destroy())));
    const [clock, stop] = [new FakeClock(), new AbortController()];
    const events: FleetEvent[] = [];
    const onEvent = (event: FleetEvent) => events.push(event);
    const opening = open([`http://127.0.0.1:${port}`], { clock, onEvent, signal: stop.signal });
    opening.catch(() => {});
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(2_999);
    assert.equal(events.length, 0);
    clock.advance(1);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['waiting'],
    );
    stop.abort(new Error('stopped'));
    await assert.rejects(opening, /stopped/);
    assert.equal(clock.pending, 0);
  });

  it('takes a certificate that is not trusted, or no TLS version in common, for what it is', () => {
    const explain = (code: string) => explainConnection('https://a', Object.assign(new Error('x'), { code }));
    for (const code of ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']) {
      assertNames(explain(code).message, 'certificate', code, 'NODE_EXTRA_CA_CERTS');
      assert.ok(explain(code).isLasting);
    }
    assert.ok(explain('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION').isLasting);
    assert.ok(!explain('ECONNRESET').isLasting);
  });

  it('gives what a dead server had to the others', async () => {
    const clock = new FakeClock();
    const [a, b] = [await server(), await server()];
    const { source, events } = await open([a.url, b.url], { clock });
    const hung: (() => void)[] = [];
    a.answer = () => new Promise((_, reject) => hung.push(() => reject(new Error('dies'))));
    const results = Promise.all(Array.from({ length: 6 }, (_, i) => compute(source, 'x'.repeat(i + 1))));
    while (hung.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const { url } = a;
    a.close();
    assert.deepEqual(
      (await results).flatMap((one) => lengths(one.results)),
      [1, 2, 3, 4, 5, 6],
    );
    assert.deepEqual(
      events.map(({ kind, url: where }) => [kind, where]),
      [['lost', url]],
    );
  });

  it('asks a server that was lost again, and works with it when it is back', async () => {
    const clock = new FakeClock();
    const [a, b] = [await server(), await server()];
    const { source, events } = await open([a.url, b.url], { clock });
    a.answer = () => refused(502, 'bad_gateway');
    await Promise.all([compute(source, 'one'), compute(source, 'two'), compute(source, 'three')]);
    assert.deepEqual(
      events.map(({ kind, url }) => [kind, url]),
      [['lost', a.url]],
    );
    a.answer = vectorsOf;
    a.asked.length = 0;
    await compute(source, 'rests');
    assert.equal(a.asked.length, 0);
    clock.advance(60_000);
    while (a.asked.length === 0) await compute(source, 'works');
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['lost', 'back'],
    );
  });

  it('leaves a server alone for as long as it says, and gives the work to others meanwhile', async () => {
    const clock = new FakeClock();
    const a = await server();
    const { source } = await open([a.url], { clock });
    a.asked.length = 0;
    let answer = refused(429, 'overloaded', { 'retry-after-ms': '7000', 'retry-after': '99' });
    a.answer = (texts) => (answer.status === 429 ? answer : vectorsOf(texts));
    const result = compute(source, 'four');
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    answer = vectorsOf([]);
    clock.advance(6_999);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(a.asked.length, 1);
    clock.advance(1);
    assert.deepEqual(lengths((await result).results), [4]);

    answer = refused(503, 'draining', { 'retry-after': '5' });
    const b = await server();
    const both = await open([a.url, b.url], { clock }).catch(() => null);
    assert.ok(both !== null, 'one that is busy at first may come later');
    assert.deepEqual(lengths((await compute(both.source, 'three')).results), [5]);
  });

  it('excludes a server that comes back with another model, and uses no vector of it', async () => {
    const [a, b] = [await server(), await server()];
    const { source, events } = await open([a.url, b.url]);
    a.answer = (texts) => vectorsOf(texts, '1111222233334444');
    const both = await Promise.all([compute(source, 'one'), compute(source, 'two'), compute(source, 'three')]);
    assert.deepEqual(
      both.flatMap(({ results }) => lengths(results)),
      [3, 3, 5],
    );
    assert.deepEqual(
      events.map(({ kind, url }) => [kind, url]),
      [['excluded', a.url]],
    );
    b.answer = () => refused(409, 'fingerprint_mismatch');
    await assert.rejects(compute(source, 'four'), { name: 'StartError', message: new RegExp(`${a.url}|${b.url}`) });
  });

  it('stops with a line when no server has answered for too long', async () => {
    const clock = new FakeClock();
    const a = await server();
    const { source } = await open([a.url], { clock, patienceMs: 60_000 });
    a.close();
    let ended = false;
    const result = compute(source, 'one').finally(() => {
      ended = true;
    });
    result.catch(() => {});
    while (!ended) {
      clock.advanceToNext();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await assert.rejects(result, (error: Error) => {
      assertNames(error.message, a.url, 'ECONNREFUSED', '60 s');
      return error.name === 'StartError';
    });
    assert.ok(clock.now() >= 60_000);
  });

  it('divides what is too large for a server, and finds the text on which servers fail', async () => {
    const a = await server();
    const { source } = await open([a.url]);
    a.answer = (texts) => {
      if (texts.length > 2) return refused(400, 'too_many_inputs');
      return texts.includes('huge') ? refused(413, 'body_too_large') : vectorsOf(texts);
    };
    const { results } = await compute(source, 'a', 'bb', 'huge', 'dddd', 'eeeee');
    assert.deepEqual(results[2], { code: 'input_too_long', message: 'said body_too_large' });
    assert.deepEqual(lengths(results.filter((_, i) => i !== 2)), [1, 2, 4, 5]);
  });

  it('calls a text that failed as a run of an engine here does', async () => {
    const a = await server();
    const { source } = await open([a.url]);
    a.answer = (texts) => {
      const said = vectorsOf(texts) as { body: { data: unknown[] }; headers: Record<string, string> };
      const error = { code: 'empty_input', message: 'input[1] is empty; there is nothing to embed.' };
      said.body.data[1] = { object: 'error', index: 1, error };
      return said;
    };
    const { results } = await compute(source, 'a', '', 'ccc');
    assert.deepEqual(results[1], { code: 'empty_input', message: 'text is empty; there is nothing to embed.' });
  });

  it('ends at once when it is stopped, also while no server answers', async () => {
    const a = await server();
    const { source } = await open([a.url]);
    a.close();
    const stop = new AbortController();
    const result = source.compute(items('one'), stop.signal);
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    await assert.rejects(result, /stopped/);
  });
});
