import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { BatchFailedError, EngineLostError } from '../../src/engine/engine.ts';
import { toBatch } from '../../src/engine/protocol.ts';
import { StartError } from '../../src/errors.ts';
import { loadManifest } from '../../src/model/load-manifest.ts';
import { resolveModel } from '../../src/model/resolve-model.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { FakeScript } from '../support/fake-engine-process.ts';
import { hashRow } from '../support/hash-row.ts';
import { packed } from '../support/starter.ts';
import {
  fakeEngineEntry,
  isAlive,
  realEngineEntry,
  type SupervisedEngine,
  scriptFakeEngine,
  superviseEngine,
  until,
} from '../support/supervised-engine.ts';

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
    ['short_row', 'bad_reply'],
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

  it('passes on that a batch failed, and keeps the engine', async () => {
    const { engine } = await start({ faults: [{ batch: 0, fault: 'batch_failed' }] });
    await assert.rejects(engine.run(batch), BatchFailedError);
    assert.deepEqual(Array.from((await engine.run(batch)).rows), row);
    assert.deepEqual(losses(), []);
  });

  for (const fault of ['old_epoch', 'answer_twice', 'garbage'] as const) {
    it(`drops and counts a stray message: ${fault}`, async () => {
      const { engine, events } = await start({ faults: [{ batch: 0, fault }] });
      const [first, second] = await Promise.all([engine.run(batch), engine.run(batch)]);
      assert.deepEqual(Array.from(first.rows), row);
      assert.deepEqual(Array.from(second.rows), row);
      assert.equal(events.filter(({ kind }) => kind === 'stale_reply').length, 1);
    });
  }

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
});

describe('the real engine process', () => {
  afterEach(() => supervised.engine.close());

  it('refuses to become ready when the canary fails', async () => {
    const manifest = await loadManifest(resolveModel('starter'));
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
    const manifest = await loadManifest(resolveModel('starter'));
    const canary = manifest.canary as NonNullable<typeof manifest.canary>;
    const scores = canary.scores as NonNullable<typeof canary.scores>;
    const wrong = { ...canary, scores: { ...scores, cosines: scores.cosines.map((row) => row.map((x) => x + 1e-3)) } };
    supervised = await superviseEngine(realEngineEntry, { manifest: { ...manifest, canary: wrong } });
    await assert.rejects(
      supervised.engine.start(),
      /canary failed.*: query 1 and document 1 score 0\.6244, known is 0\.6254 ± 0\.00001/,
    );
  });

  it('names a tensor of the wrong shape', async () => {
    const manifest = await loadManifest(resolveModel('starter'));
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
    const manifest = await loadManifest(resolveModel('starter'));
    const weights = packed(manifest);
    const architecture = { ...weights.architecture, layerCount: 1 };
    supervised = await superviseEngine(realEngineEntry, {
      manifest: { ...manifest, weights: { ...weights, architecture } },
    });
    await assert.rejects(supervised.engine.start(), /a tensor layers\.1\..*, for which config\.json has no place/);
  });

  it('passes its own consistency check where a model has no golden texts', async () => {
    const manifest = await loadManifest(resolveModel('starter'));
    supervised = await superviseEngine(realEngineEntry, { manifest: { ...manifest, canary: null } });
    const info = await supervised.engine.start();
    assert.ok(info.canaryCosine > 0.999999 && info.canaryDifference < 1e-5);
  });
});
