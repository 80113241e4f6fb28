import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { type Engine, EngineLostError } from '../../src/engine/engine.ts';
import { type EngineInfo, toBatch } from '../../src/engine/protocol.ts';
import { rowAt } from '../../src/engine/rows.ts';
import type { EngineEvent } from '../../src/engine/supervisor/engine-events.ts';
import { largestDifference } from '../support/difference.ts';
import { golden } from '../support/starter.ts';
import {
  fakeEngineEntry,
  groupEngines,
  isAlive,
  realEngineEntry,
  scriptFakeEngine,
  superviseEngine,
  until,
} from '../support/supervised-engine.ts';

const HIDDEN = 256;
const sequences = golden.texts.slice(0, 8).map(({ ids }) => ids);

interface Supervised {
  engine: Engine & { start(): Promise<EngineInfo> };
  processIds: () => number[];
  events: EngineEvent[];
}

async function one(entry: URL): Promise<Supervised> {
  const { engine, events } = await superviseEngine(entry);
  return { engine, events, processIds: () => [engine.processId ?? 0] };
}

async function two(entry: URL): Promise<Supervised> {
  const { group, events } = await groupEngines(entry, [[0, 1]]);
  return { engine: group, events, processIds: () => group.processIds };
}

// The fake stands in for the real engine in many tests: it must keep every promise that the real one keeps.
for (const [name, entry, create] of [
  ['the real engine process', realEngineEntry, one],
  ['the fake engine process', fakeEngineEntry, one],
  ['a group of real engine processes', realEngineEntry, two],
  ['a group of fake engine processes', fakeEngineEntry, two],
] as const) {
  describe(`Engine contract: ${name}`, () => {
    let supervised: Supervised;
    before(async () => {
      scriptFakeEngine({});
      supervised = await create(entry);
    });
    after(() => supervised.engine.close());

    it('rejects a batch before it is ready, and tells its facts when it is', async () => {
      const { engine } = supervised;
      assert.equal(engine.state, 'starting');
      await assert.rejects(engine.run(toBatch(sequences)), EngineLostError);
      const info = await engine.start();
      assert.equal(engine.state, 'ready');
      assert.deepEqual(engine.info, info);
      assert.equal(engine.processesReady, supervised.processIds().length);
      assert.ok(info.tokensPerSecond > 0 && info.canaryCosine > 0.999999);
      const { batchTokens, batchMilliseconds } = info.calibration;
      assert.ok(batchTokens >= 128 && batchTokens <= 4_096 && batchMilliseconds > 0);
      assert.equal(engine.processesIdle, engine.processesReady);
    });

    it('answers one row a sequence, in order, the same alone as in a batch', async () => {
      const { engine } = supervised;
      const { rows, computedTokens, inferMilliseconds } = await engine.run(toBatch(sequences));
      assert.equal(rows.length, sequences.length * HIDDEN);
      assert.ok(computedTokens > 0 && inferMilliseconds >= 0);
      for (const [i, ids] of sequences.entries()) {
        const alone = await engine.run(toBatch([ids]));
        assert.ok(largestDifference(alone.rows, rowAt(rows, i, HIDDEN)) < 1e-6);
      }
    });

    it('answers many batches sent at once, each with its own', async () => {
      const { engine } = supervised;
      const alone = await Promise.all(sequences.map((ids) => engine.run(toBatch([ids]))));
      const { rows } = await engine.run(toBatch(sequences));
      for (const [i, one] of alone.entries()) {
        assert.ok(largestDifference(one.rows, rowAt(rows, i, HIDDEN)) < 1e-6);
      }
    });

    it('rejects what was under way when its process is killed, and is ready again with the same rows', async () => {
      const { engine, events, processIds } = supervised;
      const expected = await engine.run(toBatch(sequences));
      const victims = processIds();
      const calibration = engine.info?.calibration;
      const lost = Array.from({ length: 3 * victims.length }, () => engine.run(toBatch(sequences)));
      assert.equal(engine.processesIdle, 0);
      for (const victim of victims) process.kill(victim, 'SIGKILL');
      const outcomes = await Promise.allSettled(lost);
      assert.ok(outcomes.some(({ status }) => status === 'rejected'));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof EngineLostError);
        else assert.equal(largestDifference(outcome.value.rows, expected.rows), 0);
      }
      await until(() => engine.processesReady === victims.length);
      assert.ok(processIds().every((processId) => !victims.includes(processId)));
      assert.deepEqual(
        events.filter(({ kind }) => kind === 'lost').map((event) => event.kind === 'lost' && event.reason),
        victims.map(() => 'signal'),
      );
      const again = await engine.run(toBatch(sequences));
      assert.ok(largestDifference(again.rows, expected.rows) < 1e-6);
      assert.deepEqual(engine.info?.calibration, calibration, 'not measured again: batches are formed to it');
    });

    it('ends when its parent lets go of it', async () => {
      const child = fork(entry, [], { serialization: 'advanced' });
      await once(child, 'spawn');
      const exited = once(child, 'exit');
      child.disconnect();
      assert.deepEqual(await exited, [0, null]);
    });

    it('close() ends the process, rejects what is under way, and stays closed', async () => {
      const { engine } = supervised;
      const processIds = supervised.processIds();
      const lost = engine.run(toBatch(sequences)).then(
        () => 'answered',
        (error: unknown) => error,
      );
      await engine.close();
      assert.ok((await lost) instanceof EngineLostError);
      assert.equal(engine.state, 'closed');
      assert.equal(engine.processesReady, 0);
      assert.ok(!processIds.some(isAlive));
      await assert.rejects(engine.run(toBatch(sequences)), EngineLostError);
      await engine.close();
    });
  });
}
