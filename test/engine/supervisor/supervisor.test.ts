import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchFailedError, EngineLostError, type EngineState } from '../../../src/engine/engine.ts';
import { toBatch } from '../../../src/engine/protocol.ts';
import { StartError } from '../../../src/errors.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { resolveModel } from '../../../src/model-files/resolve-model.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { FakeScript } from '../../support/fake-engine-process.ts';
import { hashRow } from '../../support/hash-row.ts';
import { packed } from '../../support/starter.ts';
import {
  fakeEngineEntry,
  isAlive,
  realEngineEntry,
  type SupervisedEngine,
  scriptFakeEngine,
  superviseEngine,
  until,
} from '../../support/supervised-engine.ts';

const batch = toBatch([[1, 2, 3]]);
const row = Array.from(hashRow(Int32Array.of(1, 2, 3), 256));

let supervised: SupervisedEngine;

async function start(script: FakeScript, options = {}): Promise<SupervisedEngine> {
  scriptFakeEngine(script);
  supervised = await superviseEngine(fakeEngineEntry, options);
  await supervised.engine.start();
  return supervised;
}

function losses(): string[] {
  return supervised.events.flatMap((event) => (event.kind === 'lost' ? [event.reason] : []));
}

describe('EngineSupervisor', () => {
  afterEach(() => supervised.engine.close());

  for (const [fault, reason] of [
    ['exit', 'exit'],
    ['crash', 'signal'],
    ['killed', 'signal'],
    ['short_row', 'bad_reply'],
    ['extra_row', 'bad_reply'],
    ['wrong_types', 'bad_reply'],
    ['unknown_kind', 'bad_reply'],
    ['huge_id', 'bad_reply'],
  ] as const) {
    it(`loses an engine to ${fault}, and has another`, async () => {
      const { engine } = await start({ faults: [{ epoch: 1, batch: 0, fault }] });
      await assert.rejects(engine.run(batch), EngineLostError);
      await until(() => engine.state === 'ready');
      assert.deepEqual(losses(), [reason]);
      assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
    });
  }

  it('kills an engine that hangs, and has another', async () => {
    const clock = new FakeClock();
    const { engine } = await start({ faults: [{ epoch: 1, batch: 0, fault: 'hang' }] }, { clock });
    const hung = engine.run(batch);
    clock.advance(1_999);
    assert.equal(engine.state, 'ready', 'a batch may take two seconds, whatever its size');
    clock.advance(1);
    await assert.rejects(hung, EngineLostError);
    assert.deepEqual(losses(), ['hung']);
    clock.advance(0);
    await until(() => engine.state === 'ready');
    assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
  });

  it('reads the answer that came while the main process stood still (a healthy engine was killed)', async () => {
    const clock = new FakeClock();
    const { engine } = await start({}, { clock });
    const computed = engine.run(batch);
    clock.standStill(8_000);
    clock.advance(0);
    assert.deepEqual(Array.from((await computed).rows), row);
    assert.deepEqual(losses(), []);
  });

  it('kills an engine that hangs, also when the main process stood still meanwhile', async () => {
    const clock = new FakeClock();
    const { engine } = await start({ faults: [{ epoch: 1, batch: 0, fault: 'hang' }] }, { clock });
    const hung = engine.run(batch);
    clock.standStill(60_000);
    clock.advance(1_999);
    assert.equal(engine.state, 'ready', 'it has its time again');
    clock.advance(1);
    await assert.rejects(hung, EngineLostError);
    assert.deepEqual(losses(), ['hung']);
    clock.advance(0);
    await until(() => engine.state === 'ready');
  });

  it('passes on that a batch failed, and keeps the engine', async () => {
    const { engine } = await start({ faults: [{ batch: 0, fault: 'batch_failed' }] });
    await assert.rejects(engine.run(batch), BatchFailedError);
    assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
    assert.deepEqual(losses(), []);
  });

  for (const fault of ['old_epoch', 'next_epoch', 'unknown_batch', 'answer_twice', 'garbage', 'nothing'] as const) {
    it(`drops and counts a stray message: ${fault}`, async () => {
      const { engine, events } = await start({ faults: [{ batch: 0, fault }] });
      const [first, second] = await Promise.all([engine.run(batch), engine.run(batch)]);
      assert.deepEqual(Array.from(first.rows), row);
      assert.deepEqual(Array.from(second.rows), row);
      assert.equal(events.filter(({ kind }) => kind === 'stale_reply').length, 1);
    });
  }

  it('tells which batch was being computed when the process was lost, and which only waited', async () => {
    const { engine } = await start({ faults: [{ epoch: 1, batch: 0, fault: 'exit' }] });
    const lost = await Promise.allSettled([engine.run(batch), engine.run(batch)]);
    assert.deepEqual(
      lost.map((outcome) => outcome.status === 'rejected' && (outcome.reason as EngineLostError).wasComputing),
      [true, false],
    );
  });

  it('does not count the crash of a suspect batch, and starts the next process at once', async () => {
    const clock = new FakeClock();
    const { engine, events } = await start({ poison: { token: 3, fault: 'exit' } }, { clock });
    for (let crash = 0; crash < 8; crash++) {
      await assert.rejects(engine.run(batch, { isSuspect: crash > 0 }), EngineLostError);
      clock.advance(0);
      await until(() => engine.state === 'ready');
    }
    assert.ok(events.every((event) => event.kind !== 'lost' || event.restartInMilliseconds === 0));
  });

  it('notices that an idle process hangs, without a batch', { skip: process.platform === 'win32' }, async () => {
    const clock = new FakeClock();
    const { engine } = await start({}, { clock });
    for (let interval = 0; interval < 10; interval++) {
      clock.advance(5_000);
      // Answers come in real time.
      assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
    }
    assert.equal(engine.state, 'ready', 'a process that answers is left alone');
    process.kill(engine.processId as number, 'SIGSTOP');
    for (let interval = 0; interval < 3; interval++) clock.advance(5_000);
    await until(() => engine.state === 'restarting');
    assert.deepEqual(losses(), ['hung']);
    clock.advance(0);
    await until(() => engine.state === 'ready');
    assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
  });

  it('asks a process that is idle for long again and again', async () => {
    const clock = new FakeClock();
    const { engine } = await start({}, { clock });
    for (let interval = 0; interval < 10; interval++) {
      clock.advance(5_000);
      await sleep(30);
    }
    assert.equal(engine.state, 'ready');
    assert.deepEqual(losses(), []);
  });

  for (const [canary, ends] of [
    [undefined, 'check_passed'],
    ['fails', 'canary_failed'],
    ['hangs', 'hung'],
  ] as const) {
    it(`has the canary decide after three batches failed in a row: ${ends}`, async () => {
      const clock = new FakeClock();
      const failing = [0, 2, 3, 4].map((number) => ({ epoch: 1, batch: number, fault: 'batch_failed' as const }));
      const { engine, events } = await start({ faults: failing, ...(canary && { canary }) }, { clock });
      const states: EngineState[] = [];
      engine.onStateChange((state) => states.push(state));
      for (let number = 0; number <= 4; number++) {
        assert.equal(engine.state, 'ready');
        const outcome = engine.run(batch);
        if (number === 1) await outcome;
        else await assert.rejects(outcome, BatchFailedError);
      }
      assert.equal(engine.state, 'checking');
      assert.equal(engine.processesReady, 0);
      await assert.rejects(engine.run(batch), EngineLostError);
      if (canary === 'hangs') clock.advance(60_000);
      if (canary !== undefined) await until(() => engine.state === 'restarting');
      clock.advance(0);
      await until(() => engine.state === 'ready');
      assert.deepEqual(states, canary === undefined ? ['checking', 'ready'] : ['checking', 'restarting', 'ready']);
      assert.deepEqual(losses(), canary === undefined ? [] : [ends]);
      assert.equal(events.filter(({ kind }) => kind === 'check_passed').length, canary === undefined ? 1 : 0);
      assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
    });
  }

  it('does not hold failures of suspect batches against the process', async () => {
    const { engine } = await start({ poison: { token: 3, fault: 'batch_failed' } });
    for (let number = 0; number < 5; number++) {
      await assert.rejects(engine.run(batch, { isSuspect: true }), BatchFailedError);
    }
    assert.equal(engine.state, 'ready');
  });

  it('waits longer before each restart and gives up after five crashes in five minutes', async () => {
    const clock = new FakeClock();
    const { engine, events } = await start({ load: { exitFromEpoch: 2 } }, { clock });
    process.kill(engine.processId as number, 'SIGKILL');
    const delays: (number | null)[] = [];
    for (let crash = 0; crash < 6; crash++) {
      await until(() => events.filter(({ kind }) => kind === 'lost').length === crash + 1);
      const event = events.filter((one) => one.kind === 'lost')[crash];
      delays.push(event?.kind === 'lost' ? event.restartInMilliseconds : null);
      clock.advance(delays[crash] ?? 0);
    }
    assert.deepEqual(delays, [0, 1_000, 1_000, 2_000, 3_000, null]);
    assert.equal(engine.state, 'failed');
  });

  it('gives up a process that hangs while it loads, where it is known how long that may take', async () => {
    const clock = new FakeClock();
    const { engine } = await start({ load: { hangInEpoch: 2 } }, { clock });
    process.kill(engine.processId as number, 'SIGKILL');
    await until(() => engine.state === 'restarting');
    clock.advance(0);
    clock.advance(59_999);
    assert.deepEqual(losses(), ['signal']);
    clock.advance(1);
    await until(() => losses().length === 2);
    assert.deepEqual(losses(), ['signal', 'hung']);
    clock.advance(1_000);
    await until(() => engine.state === 'ready');
    assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
  });

  it('stays closed, and leaves no process, when it is closed while it restarts', async () => {
    const { engine, events } = await start({});
    const victim = engine.processId as number;
    process.kill(victim, 'SIGKILL');
    await until(() => engine.processId !== victim);
    const successor = engine.processId as number;
    await engine.close();
    assert.equal(engine.state, 'closed');
    assert.equal(isAlive(successor), false);
    assert.equal(events.filter(({ kind }) => kind === 'ready').length, 1);
  });

  it('does not try a first load twice, and says why it failed', async () => {
    scriptFakeEngine({ load: { fail: 'Tensor norm.weight is missing.' } });
    supervised = await superviseEngine(fakeEngineEntry);
    await assert.rejects(supervised.engine.start(), (error: Error) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, /Tensor norm\.weight is missing\./);
      return true;
    });
    assert.equal(supervised.engine.state, 'failed');
  });

  it('says so when the process ends while it loads', async () => {
    scriptFakeEngine({ load: { exitFromEpoch: 1 } });
    supervised = await superviseEngine(fakeEngineEntry);
    await assert.rejects(supervised.engine.start(), /did not start.*exit code 3/);
  });

  it('suspects the driver when the process ends while it loads on a device', async () => {
    scriptFakeEngine({ load: { exitFromEpoch: 1 } });
    const onCpu = (await superviseEngine(fakeEngineEntry)).settings;
    supervised = await superviseEngine(fakeEngineEntry, { settings: { ...onCpu, device: 'webgpu' } });
    await assert.rejects(
      supervised.engine.start(),
      /exit code 3\. Most often the driver of the webgpu device crashed it/,
    );
  });

  it('hides secrets from the engine process', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
    process.env.HF_TOKEN = 'secret';
    try {
      const { engine } = await start({});
      const { readFileSync } = await import('node:fs');
      assert.doesNotMatch(readFileSync(`/proc/${engine.processId}/environ`, 'utf8'), /HF_TOKEN/);
    } finally {
      delete process.env.HF_TOKEN;
    }
  });

  for (const own of [undefined, '262144']) {
    const title = own === undefined ? 'has the engine process give memory back' : 'leaves its memory to who sets it';
    it(title, { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
      const name = 'MALLOC_MMAP_THRESHOLD_';
      if (own !== undefined) process.env[name] = own;
      try {
        const { engine } = await start({});
        const { readFileSync } = await import('node:fs');
        const environment = readFileSync(`/proc/${engine.processId}/environ`, 'utf8').split('\0');
        assert.ok(environment.includes(`${name}=${own ?? '131072'}`));
      } finally {
        delete process.env[name];
      }
    });
  }
});

describe('the real engine process', () => {
  afterEach(() => supervised.engine.close());

  it('refuses to become ready when the canary fails', async () => {
    const manifest = await describeModel(resolveModel('starter'));
    const { canary } = manifest;
    assert.ok(canary !== null);
    const wrong = {
      ...canary,
      cases: canary.cases.map((one) => ({ ...one, vector: one.vector.map((x) => x + 1e-4) })),
    };
    supervised = await superviseEngine(realEngineEntry, { manifest: { ...manifest, canary: wrong } });
    await assert.rejects(supervised.engine.start(), /canary failed.*1\.0\de-4/);
  });

  it('refuses an engine whose scores are not the known ones, whatever the vectors', async () => {
    const manifest = await describeModel(resolveModel('starter'));
    const canary = manifest.canary as NonNullable<typeof manifest.canary>;
    const scores = canary.scores as NonNullable<typeof canary.scores>;
    const wrong = { ...canary, scores: { ...scores, cosines: scores.cosines.map((row) => row.map((x) => x + 1e-3)) } };
    supervised = await superviseEngine(realEngineEntry, { manifest: { ...manifest, canary: wrong } });
    await assert.rejects(
      supervised.engine.start(),
      /canary failed.*: query 1 and document 1 score 0\.6244, expected 0\.6254 ± 0\.00001/,
    );
  });

  it('names a tensor of the wrong shape', async () => {
    const manifest = await describeModel(resolveModel('starter'));
    const weights = packed(manifest);
    const norm = weights.tensors['norm.weight'];
    assert.ok(norm !== undefined);
    const tensors = { ...weights.tensors, 'norm.weight': { ...norm, shape: [128] } };
    supervised = await superviseEngine(realEngineEntry, {
      manifest: { ...manifest, weights: { ...weights, tensors } },
    });
    await assert.rejects(supervised.engine.start(), /norm\.weight is \[128\]; config\.json says \[256\]/);
  });

  it('refuses weights that config.json has no place for', async () => {
    const manifest = await describeModel(resolveModel('starter'));
    const weights = packed(manifest);
    const architecture = { ...weights.architecture, layerCount: 1 };
    supervised = await superviseEngine(realEngineEntry, {
      manifest: { ...manifest, weights: { ...weights, architecture } },
    });
    await assert.rejects(supervised.engine.start(), /a tensor layers\.1\..*, which config\.json does not provide for/);
  });

  it('passes its own consistency check where a model has no golden texts', async () => {
    const manifest = await describeModel(resolveModel('starter'));
    supervised = await superviseEngine(realEngineEntry, { manifest: { ...manifest, canary: null } });
    const info = await supervised.engine.start();
    assert.ok(info.canaryCosine > 0.999999 && info.canaryDifference < 1e-5);
  });
});
