import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { BatchFailedError, EngineLostError } from '../../../src/engine/engine.ts';
import { toBatch } from '../../../src/engine/protocol.ts';
import type { EngineEvent } from '../../../src/engine/supervisor/engine-events.ts';
import type { EngineGroup } from '../../../src/engine/supervisor/engine-group.ts';
import { StartError } from '../../../src/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { FakeScript } from '../../support/fake-engine-process.ts';
import {
  fakeEngineEntry,
  groupEngines,
  realEngineEntry,
  scriptFakeEngine,
  until,
} from '../../support/supervised-engine.ts';

const batch = toBatch([[1, 2, 3]]);
let group: EngineGroup;

let passedOver: string[];

async function start(script: FakeScript, choices = [[0, 1]], clock: Clock = systemClock): Promise<() => EngineEvent[]> {
  scriptFakeEngine(script);
  passedOver = [];
  const supervised = await groupEngines(fakeEngineEntry, choices, {
    clock,
    onPassedOver: (choice, reason) => passedOver.push(`${choice.map(({ deviceId }) => deviceId)}: ${reason}`),
  });
  group = supervised.group;
  await group.start();
  return () => supervised.events;
}

describe('EngineGroup', () => {
  afterEach(() => group.close());

  it('has one process for each device, and adds up what they say', async () => {
    await start({});
    assert.equal(group.processesReady, 2);
    assert.equal(new Set(group.processIds).size, 2);
    assert.equal(group.info?.tokensPerSecond, 200_000);
  });

  it('says how busy its processes are on average, and has one batch budget for all', async () => {
    const clock = new FakeClock();
    await start({ batchMs: 20 }, [[0, 1]], clock);
    assert.equal(group.busyRatio, 0);
    assert.equal(group.processesIdle, 2);
    const answers = [group.run(batch)];
    assert.equal(group.processesIdle, 1);
    clock.advance(1_000);
    assert.equal(group.busyRatio, 0.5, 'one of two has computed all the time');
    answers.push(group.run(batch));
    assert.equal(group.processesIdle, 0);
    await Promise.all(answers);
    assert.ok(group.busyRatio > 0 && group.busyRatio < 0.5, 'what the processes say it took');
    assert.equal(group.info?.calibration.batchTokens, 1_023);
  });

  it('sends a batch ahead to the process that has computed longest', async () => {
    const clock = new FakeClock();
    // A process ends at its third batch, which the one sent ahead would be for the first of the two.
    const faults = [{ batch: 2, fault: 'exit' as const }];
    await start({ batchMs: 20, msPerThousandTokens: 200, faults }, [[0, 1]], clock);
    const long = toBatch([Array.from({ length: 2_000 }, () => 1)]);
    const short = group.run(batch);
    const answers = [group.run(long)];
    await short;
    clock.advance(10);
    answers.push(group.run(long), group.run(batch));
    assert.equal((await Promise.all(answers)).length, 3);
    assert.equal(group.processesReady, 2);
  });

  it('gives a batch to the process that has least to do', async () => {
    // A process ends at its third batch: four batches are answered only if each process gets two of them.
    await start({ batchMs: 20, faults: [{ batch: 2, fault: 'exit' }] });
    const answers = await Promise.all([1, 2, 3, 4].map(() => group.run(batch)));
    assert.equal(answers.length, 4);
    assert.equal(group.processesReady, 2);
  });

  it('stays ready while one process restarts, and says when it is back', async () => {
    await start({});
    const states: [string, number][] = [];
    group.onStateChange((state) => states.push([state, group.processesReady]));
    process.kill(group.processIds[0] as number, 'SIGKILL');
    await until(() => states.length >= 2);
    assert.deepEqual(states, [
      ['ready', 1],
      ['ready', 2],
    ]);
  });

  it('goes on without a process whose canary is run again, and is in doubt with the last one', async () => {
    const faults = [0, 1, 2].map((number) => ({ batch: number, fault: 'batch_failed' as const }));
    await start({ faults, canary: 'hangs' });
    for (let number = 0; number < 3; number++) await assert.rejects(group.run(batch), BatchFailedError);
    assert.deepEqual([group.state, group.processesReady], ['ready', 1]);
    for (let number = 0; number < 3; number++) await assert.rejects(group.run(batch), BatchFailedError);
    assert.deepEqual([group.state, group.processesReady], ['checking', 0]);
    await assert.rejects(group.run(batch), EngineLostError);
  });

  it('goes on without a process that is given up, and fails with the last one', async () => {
    const clock = new FakeClock();
    const events = await start({ load: { exitFromEpoch: 2 } }, [[0, 1]], clock);
    const losses = () => events().filter(({ kind }) => kind === 'lost');
    const giveUp = async (processId: number, lossesBefore: number) => {
      process.kill(processId, 'SIGKILL');
      for (let crash = 1; crash <= 6; crash++) {
        await until(() => losses().length === lossesBefore + crash);
        clock.advance(3_000);
      }
    };
    const [first, second] = group.processIds as [number, number];
    await giveUp(first, 0);
    assert.equal(group.state, 'ready');
    assert.equal(group.processesReady, 1);
    assert.ok((await group.run(batch)).rows.length > 0);
    await giveUp(second, 6);
    assert.equal(group.state, 'failed');
    assert.equal(group.processesReady, 0);
  });

  it('takes the first choice whose processes all start, and says why earlier ones were passed over', async () => {
    await start({ load: { failOnDevice: 1, fail: 'no such device' } }, [[1], [0, 1], [0]]);
    assert.deepEqual(passedOver, [
      '1: The engine did not start. no such device',
      '0,1: The engine did not start. no such device',
    ]);
    assert.equal(group.state, 'ready');
    assert.equal(group.processesReady, 1);
  });

  it('fails with the reason of the last choice when none starts, and leaves no process', async () => {
    await assert.rejects(
      start({ load: { fail: 'nothing works' } }, [[0], [1, 2]]),
      (error: Error) => error instanceof StartError && /nothing works/.test(error.message),
    );
    assert.equal(group.state, 'failed');
    await assert.rejects(group.run(batch), /The engine is failed/);
  });
});

describe('EngineGroup of real engine processes', () => {
  afterEach(() => group.close());

  it('computes the same on each', async () => {
    ({ group } = await groupEngines(realEngineEntry, [[0, 1]]));
    await group.start();
    const [a, b] = await Promise.all([group.run(batch), group.run(batch)]);
    assert.deepEqual(a.rows, b.rows);
  });
});
