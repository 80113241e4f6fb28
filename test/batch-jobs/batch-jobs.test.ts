import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { BatchEvent } from '../../src/batch-jobs/batch-events.ts';
import { type BatchJob, hasEnded } from '../../src/batch-jobs/batch-job.ts';
import { BatchJobs, type BatchLimits, type NewBatch } from '../../src/batch-jobs/batch-jobs.ts';
import type { LineAnswer, LineRequest, LineService } from '../../src/batch-jobs/line-service.ts';
import { HotvecError } from '../../src/errors.ts';
import { batchFolder, type OutputLine, requestLine } from '../support/batches.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR = 3_600;
const START = Date.UTC(2026, 0, 1);
const limits: BatchLimits = {
  maxFileBytes: 1e6,
  maxStoredBytes: 1e8,
  retentionS: 48 * HOUR,
  keyShare: 0.5,
  maxLines: 1_000,
  maxLineBytes: 1e5,
  maxUnfinished: 4,
};

/** Lines that are begun in one turn of the event loop. */
const OF_A_TURN = 8;

/** What the clients of a batch do, over lines whose answers the test gives. */
describe('BatchJobs', () => {
  let place: ReturnType<typeof batchFolder>;
  let clock: FakeClock;
  let events: BatchEvent[];
  let batches: BatchJobs;
  /** Lines that were asked, and are not answered. */
  let asked: { line: LineRequest; answer: (answer?: Partial<LineAnswer>) => void }[];
  /** How lines are answered without a test's doing; undefined: they wait for it. */
  let windowTokens: number;
  let respond: ((line: LineRequest) => Partial<LineAnswer> | undefined) | undefined;

  const service: LineService = {
    modelFor: (_, name = 'model') => {
      if (name !== 'model') throw new HotvecError('model_not_found', 'No.', { param: 'model' });
      return { name, fingerprint: 'print' };
    },
    windowTokensOf: () => windowTokens,
    answer: (line) =>
      new Promise((resolve) => {
        const answer = (one: Partial<LineAnswer> = {}) =>
          resolve({
            status: 200,
            body: Buffer.from('{"usage":{"total_tokens":2}}'),
            tokens: 2,
            retryAfterMs: undefined,
            ...one,
          });
        const now = respond?.(line);
        if (now === undefined) asked.push({ line, answer });
        else answer(now);
      }),
  };
  const open = (more: Partial<BatchLimits> = {}) =>
    BatchJobs.open({
      folder: place.folder,
      limits: { ...limits, ...more },
      clock,
      now: () => START + clock.now(),
      onEvent: (event) => events.push(event),
    });

  beforeEach(async () => {
    place = batchFolder();
    clock = new FakeClock();
    events = [];
    asked = [];
    windowTokens = 1e9;
    respond = () => ({});
    batches = await open();
  });
  afterEach(async () => {
    for (const { answer } of asked) answer();
    await batches.stop();
    place.remove();
  });

  async function upload(lines: readonly string[], owner: string | null = null): Promise<string> {
    const content = (async function* () {
      yield Buffer.from(lines.join('\n'));
    })();
    const file = { owner, filename: 'in.jsonl', expiresAfterS: null };
    return (await batches.files.keep(await batches.files.receive(owner, content), file)).id;
  }
  async function create(lines: readonly string[], owner: string | null = null, more: Partial<NewBatch> = {}) {
    const batch: NewBatch = {
      inputFileId: await upload(lines, owner),
      endpoint: '/v1/embeddings',
      completionWindow: '24h',
      windowS: 24 * HOUR,
      metadata: null,
      outputExpiresAfterS: null,
      ...more,
    };
    return (await batches.create(batch, owner)).id;
  }
  const lines = (count: number) =>
    Array.from({ length: count }, (_, i) => requestLine(`c${i + 1}`, { input: `text ${i}` }));
  async function until(condition: () => boolean): Promise<void> {
    const giveUp = performance.now() + 30_000;
    while (!condition()) {
      if (performance.now() > giveUp) throw new Error('it did not happen');
      await setImmediate();
    }
  }
  async function ended(id: string, owner: string | null = null): Promise<BatchJob> {
    await until(() => hasEnded(batches.find(id, owner)));
    return batches.find(id, owner);
  }
  function linesOf(fileId: string): OutputLine[] {
    const text = readFileSync(batches.files.pathOf(fileId), 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as OutputLine);
  }
  const idsOf = (fileId: string) => linesOf(fileId).map(({ custom_id: id }) => id);

  it('answers every line in the order of the input, whatever the order they are ready in', async () => {
    respond = undefined;
    batches.begin(service);
    const id = await create(lines(30));
    await until(() => asked.length === 30);
    for (const { line, answer } of asked.splice(0).reverse()) answer(line.id.endsWith('_7') ? { status: 400 } : {});
    const job = await ended(id);
    assert.equal(job.status, 'completed');
    assert.deepEqual(job.counts, { total: 30, completed: 29, failed: 1 });
    assert.equal(job.tokens, 60);
    assert.deepEqual(
      idsOf(job.outputFileId),
      lines(30)
        .map((_, i) => `c${i + 1}`)
        .filter((one) => one !== 'c7'),
    );
    assert.deepEqual(idsOf(job.errorFileId), ['c7']);
    assert.deepEqual(Object.keys(job.reachedAt), ['in_progress', 'finalizing', 'completed']);
  });

  it('asks a line again where the server is overloaded or its engine is away, and never tells', async () => {
    let tries = 0;
    respond = () => ({ status: [429, 503, 200][tries++] ?? 200 });
    batches.begin(service);
    const id = await create(lines(1));
    await until(() => tries > 0);
    while (!hasEnded(batches.find(id, null))) {
      clock.advance(1_000);
      await setImmediate();
    }
    assert.equal(tries, 3);
    assert.deepEqual(batches.find(id, null).counts, { total: 1, completed: 1, failed: 0 });
  });

  it('has no more under way than the engine can take soon, whatever the length of lines', async () => {
    respond = undefined;
    windowTokens = 200;
    batches.begin(service);
    const id = await create(lines(40));
    await until(() => asked.length >= 5);
    for (let i = 0; i < 500; i++) await setImmediate();
    // About 90 bytes a line, of which four are a token as long as no answer says otherwise.
    assert.ok(asked.length >= 5 && asked.length <= 12, `${asked.length}`);
    while (!hasEnded(batches.find(id, null))) {
      asked.shift()?.answer();
      await setImmediate();
    }
    assert.equal(batches.find(id, null).counts.completed, 40);
  });

  it('begins a few lines in a turn of the event loop, for one batch of the engine, and of long ones one', async () => {
    for (const { units, most } of [
      { units: 10, most: OF_A_TURN },
      { units: 10_000, most: 1 },
    ]) {
      asked = [];
      respond = undefined;
      batches.begin(service);
      const input = 'x'.repeat(units);
      const id = await create(Array.from({ length: 40 }, (_, i) => requestLine(`c${i}`, { input })));
      const byTurn: number[] = [];
      for (let before = 0; before < 40; before = asked.length) {
        await setImmediate();
        byTurn.push(asked.length - before);
      }
      assert.equal(Math.max(...byTurn), most, `they were begun by ${byTurn}`);
      for (const { answer } of asked) answer();
      await ended(id);
    }
  });

  it('fails for a wrong line, and asks none', async () => {
    let count = 0;
    respond = () => {
      count += 1;
      return {};
    };
    batches.begin(service);
    const job = await ended(await create([...lines(5), '{}']));
    assert.equal(job.status, 'failed');
    assert.deepEqual(
      job.problems.map(({ code, line }) => [code, line]),
      [['missing_required_parameter', 6]],
    );
    assert.equal(count, 0);
  });

  it('ends with what it has when it is cancelled', async () => {
    respond = ({ id }) => (Number(id.split('_').at(-1)) <= 4 ? {} : undefined);
    batches.begin(service);
    const id = await create(lines(9));
    await until(() => batches.find(id, null).counts.completed === 4 && asked.length === 5);
    assert.equal((await batches.cancel(id, null)).status, 'cancelling');
    asked[0]?.answer();
    for (const { answer } of asked.slice(1)) answer({ status: 503 });
    const job = await ended(id);
    assert.equal(job.status, 'cancelled');
    assert.deepEqual(idsOf(job.outputFileId), ['c1', 'c2', 'c3', 'c4', 'c5']);
    await assert.rejects(batches.cancel(id, null), { code: 'state_conflict' });
  });

  it('is cancelled also while its lines are validated, and before its turn', async () => {
    const id = await create(lines(3));
    await batches.cancel(id, null);
    batches.begin(service);
    assert.equal((await ended(id)).status, 'cancelled');
  });

  it('expires with what it has, and names the rest', async () => {
    respond = ({ id }) => (Number(id.split('_').at(-1)) <= 2 ? {} : undefined);
    batches.begin(service);
    const id = await create(lines(5), null, { windowS: HOUR });
    await until(() => batches.find(id, null).counts.completed === 2 && asked.length === 3);
    clock.advance(HOUR * 1_000);
    for (const { answer } of asked) answer({ status: 429 });
    const job = await ended(id);
    assert.equal(job.status, 'expired');
    assert.deepEqual(job.counts, { total: 5, completed: 2, failed: 3 });
    assert.deepEqual(
      linesOf(job.errorFileId).map(({ custom_id, response, error }) => [custom_id, response, error?.code]),
      ['c3', 'c4', 'c5'].map((one) => [one, null, 'batch_expired']),
    );
  });

  it('goes on after a stop, asking no line twice that was answered', async () => {
    respond = ({ id }) => (Number(id.split('_').at(-1)) <= 6 ? {} : undefined);
    batches.begin(service);
    const id = await create(lines(10));
    await until(() => batches.find(id, null).counts.completed === 6 && asked.length === 4);
    const stopped = batches.stop();
    for (const { answer } of asked.splice(0)) answer({ status: 503 });
    await stopped;

    batches = await open();
    const again: string[] = [];
    respond = (line) => {
      again.push(line.id);
      return {};
    };
    assert.equal(batches.find(id, null).status, 'in_progress');
    batches.begin(service);
    const job = await ended(id);
    assert.deepEqual(
      again.map((one) => one.split('_').at(-1)),
      ['7', '8', '9', '10'],
    );
    assert.deepEqual(
      idsOf(job.outputFileId),
      lines(10).map((_, i) => `c${i + 1}`),
    );
    assert.equal(job.tokens, 20);
    assert.ok(events.some((event) => event.kind === 'resumed' && event.unfinished === 1));
  });

  it('says from the first question after a restart on how far its batches are, and what they take', async () => {
    respond = ({ id }) => {
      const ordinal = Number(id.split('_').at(-1));
      if (ordinal === 2) return { status: 400, body: Buffer.from('{"error":{}}'), tokens: 0 };
      return ordinal <= 6 ? {} : undefined;
    };
    batches.begin(service);
    const id = await create(lines(10));
    clock.advance(1);
    const later = await create(lines(3));
    const done = { total: 10, completed: 5, failed: 1 };
    await until(() => batches.find(id, null).counts.completed === 5 && asked.length === 4);
    await until(() => batches.find(later, null).status === 'in_progress');
    const { total: bytes } = batches.files.bytes;
    const stopped = batches.stop();
    for (const { answer } of asked.splice(0)) answer({ status: 503 });
    await stopped;

    // Its models are loaded, or others come first: it does not run yet.
    batches = await open();
    const job = await batches.retrieve(id, null);
    assert.deepEqual([job.counts, job.tokens], [done, 10]);
    assert.deepEqual(
      (await batches.list(null)).map(({ counts }) => counts),
      [done, { total: 3, completed: 0, failed: 0 }],
    );
    assert.equal(batches.files.bytes.total, bytes);
    clock.advance(HOUR * 1_000);
    const { unfinished, oldestWaitingS, maxStoredBytes } = batches.observe();
    assert.deepEqual([unfinished, Math.round(oldestWaitingS / HOUR), maxStoredBytes], [2, 1, limits.maxStoredBytes]);
    await batches.stop();

    batches = await open();
    respond = undefined;
    batches.begin(service);
    assert.deepEqual((await batches.retrieve(id, null)).counts, done);
    await until(() => asked.length > 0);
    assert.equal(batches.files.bytes.total, bytes);
    for (const { answer } of asked.splice(0)) answer();
    respond = () => ({});
    assert.deepEqual((await ended(id)).counts, { total: 10, completed: 9, failed: 1 });
    await ended(later);
    // Each file is small, and counts for the least that one does.
    assert.equal(batches.files.bytes.total, batches.files.list(null).length * 2 ** 16);
  });

  it('waits where its answers cannot be stored, and loses none', async () => {
    await batches.stop();
    batches = await open({ maxStoredBytes: 70_000 });
    batches.begin(service);
    const id = await create(lines(100));
    await until(() => events.some((event) => event.kind === 'paused'));
    const { counts } = batches.find(id, null);
    assert.ok(counts.completed < 100);
    assert.equal(batches.find(id, null).status, 'in_progress');
    await batches.stop();
    // The operator gives it room.
    batches = await open();
    batches.begin(service);
    const job = await ended(id);
    assert.deepEqual(
      idsOf(job.outputFileId),
      lines(100).map((_, i) => `c${i + 1}`),
    );
  });

  it('belongs to the key that made it, as its files do', async () => {
    batches.begin(service);
    const id = await create(lines(1), 'one');
    await ended(id, 'one');
    const { inputFileId, outputFileId } = batches.find(id, 'one');
    for (const owner of ['two', null]) {
      assert.throws(() => batches.find(id, owner), { code: 'batch_not_found' });
      await assert.rejects(batches.cancel(id, owner), { code: 'batch_not_found' });
      for (const file of [inputFileId, outputFileId]) {
        assert.throws(() => batches.files.find(file, owner), { code: 'file_not_found' });
        await assert.rejects(batches.deleteFile(file, owner), { code: 'file_not_found' });
      }
      assert.deepEqual([await batches.list(owner), batches.files.list(owner)], [[], []]);
    }
    const batch = { ...batches.find(id, 'one'), windowS: HOUR };
    await assert.rejects(batches.create(batch, 'two'), { code: 'file_not_found' });
  });

  it('runs one batch of a key at a time, and those of several keys beside each other', async () => {
    respond = undefined;
    batches.begin(service);
    await create(lines(1), 'one');
    await create(lines(1), 'one');
    await create(lines(1), 'two');
    await until(() => asked.length === 2);
    for (let i = 0; i < 50; i++) await setImmediate();
    assert.deepEqual(
      asked.map(({ line }) => line.owner),
      ['one', 'two'],
    );
    asked[0]?.answer();
    await until(() => asked.length === 3);
    assert.equal(asked[2]?.line.owner, 'one');
  });

  it('takes no more batches than may be unfinished, and of one key no more than its share', async () => {
    await create(lines(1), 'one');
    await create(lines(1), 'one');
    await assert.rejects(create(lines(1), 'one'), { code: 'key_share_exceeded' });
    await create(lines(1), 'two');
    await create(lines(1), 'two');
    await assert.rejects(create(lines(1), 'three'), { code: 'overloaded' });
  });

  it('keeps the file that a batch reads, and deletes what is over its time', async () => {
    respond = undefined;
    batches.begin(service);
    const id = await create(lines(1), null, { windowS: 100 * HOUR });
    const { inputFileId } = batches.find(id, null);
    await assert.rejects(batches.deleteFile(inputFileId, null), { code: 'state_conflict' });
    await until(() => asked.length === 1);
    clock.advance(49 * HOUR * 1_000);
    await until(() => true);
    assert.equal(batches.files.list(null).length, 1);
    asked[0]?.answer();
    await ended(id);
    clock.advance(60_000);
    await until(() => batches.files.list(null).length === 1);
    assert.equal((await batches.list(null)).length, 1, 'it names its answers, and is kept as long as they');
    clock.advance(49 * HOUR * 1_000);
    await until(() => batches.files.list(null).length === 0);
    assert.equal((await batches.list(null)).length, 0);
    assert.equal(batches.files.bytes.total, 0);
  });

  it('refuses a file that is too large, or for which there is no room, and leaves nothing of it', async () => {
    await batches.stop();
    batches = await open({ maxFileBytes: 200_000, maxStoredBytes: 500_000 });
    const text = (bytes: number) => ['x'.repeat(bytes)];
    await assert.rejects(upload(text(200_001)), { code: 'body_too_large' });
    await upload(text(200_000));
    await assert.rejects(
      upload(text(200_000), 'one').then(() => upload(text(60_000), 'one')),
      { code: 'insufficient_storage' },
    );
    await assert.rejects(upload(text(150_000)), { code: 'insufficient_storage' });
    assert.equal(batches.files.list(null).length, 1);
    assert.equal(batches.files.bytes.total, 400_000);
  });

  it('lets one key have no more than its share of the room, while files are received and answers written, too', async () => {
    await batches.stop();
    batches = await open({ maxFileBytes: 200_000, maxStoredBytes: 500_000 });
    let go = () => {};
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const receive = (bytes: number) =>
      batches.files.receive(
        'one',
        (async function* () {
          yield Buffer.alloc(bytes);
          await wait;
        })(),
      );
    const first = receive(150_000);
    await until(() => batches.files.bytes.total === 150_000);
    await assert.rejects(receive(120_000), { code: 'insufficient_storage' });
    go();
    await batches.files.discard(await first);
    assert.equal(batches.files.bytes.total, 0);

    respond = () => ({ body: Buffer.alloc(40_000, ' ') });
    batches.begin(service);
    const id = await create(lines(10), 'one');
    await until(() => events.some((event) => event.kind === 'paused'));
    assert.ok(batches.files.bytes.total <= 250_000, `${batches.files.bytes.total}`);
    await upload(['x'.repeat(200_000)], 'two');
    await batches.cancel(id, 'one');
    await ended(id, 'one');
  });

  it('says which of its files is damaged, and does not start without it', async () => {
    const id = await create(lines(1));
    await batches.stop();
    const files = [
      path.join(place.folder, 'batches', `${id}.json`),
      `${batches.files.pathOf(batches.find(id, null).inputFileId)}.json`,
    ];
    for (const file of files) {
      const text = readFileSync(file);
      for (const damaged of ['', '{}', 'null']) {
        writeFileSync(file, damaged);
        await assert.rejects(open(), { name: 'StartError', message: new RegExp(`${file} is damaged`) });
      }
      writeFileSync(file, text);
    }
    batches = await open();
    assert.equal(batches.find(id, null).id, id);
  });

  it('waits with many lines at a time without Node taking their listeners for a leak', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    let tries = 0;
    respond = () => (++tries <= 40 ? { status: 503 } : {});
    batches.begin(service);
    const id = await create(lines(20));
    await until(() => tries >= 20);
    while (!hasEnded(batches.find(id, null))) {
      clock.advance(1_000);
      await setImmediate();
    }
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
  });

  it('is of one server at a time', async () => {
    await assert.rejects(open(), { name: 'StartError', message: /is in use by another hotvec/ });
    await batches.stop();
    batches = await open();
    assert.match(readFileSync(path.join(place.folder, 'lock'), 'utf8'), /"processId":\d+/);
  });
});
