import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { type Engine, EngineLostError, type EngineState } from '../../src/engine/engine.ts';
import { type EngineInfo, rowAt, toBatch } from '../../src/engine/protocol.ts';
import type { EngineEvent } from '../../src/engine/supervisor/engine-events.ts';
import { largestDifference } from '../support/difference.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
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

interface Subject {
  engine: Engine;
  start: () => Promise<EngineInfo>;
  /** Kills every process it has. */
  kill: () => void;
  /** Those of its processes that it really has: none of one that only plays them. */
  processIds: () => number[];
  /** Why it lost a process, for each one lost. */
  losses: () => string[];
}

function supervised(
  engine: Engine & { start(): Promise<EngineInfo> },
  events: readonly EngineEvent[],
  processIds: () => number[],
): Subject {
  return {
    engine,
    start: () => engine.start(),
    kill: () => {
      for (const processId of processIds()) process.kill(processId, 'SIGKILL');
    },
    processIds,
    losses: () => events.flatMap((event) => (event.kind === 'lost' ? [event.reason] : [])),
  };
}

async function one(entry: URL): Promise<Subject> {
  const { engine, events } = await superviseEngine(entry);
  return supervised(engine, events, () => [engine.processId ?? 0]);
}

async function two(entry: URL): Promise<Subject> {
  const { group, events } = await groupEngines(entry, [[0, 1]]);
  return supervised(group, events, () => group.processIds);
}

/** The engine that tests script, with a script that does what a process does. */
async function scripted(): Promise<Subject> {
  const engine = new ScriptedEngine(HIDDEN, 'starting');
  const losses: string[] = [];
  const run = engine.run.bind(engine);
  engine.run = (batch, options) => {
    const result = run(batch, options);
    setImmediate(() => engine.answer());
    return result;
  };
  return {
    engine,
    start: async () => {
      engine.become('ready');
      return engine.info as EngineInfo;
    },
    kill: () => {
      losses.push('signal');
      engine.lose();
      setImmediate(() => engine.become('ready'));
    },
    processIds: () => [],
    losses: () => losses,
  };
}

// What stands in for the real engine in many tests must keep every promise that the real one keeps.
for (const [name, create] of [
  ['the real engine process', () => one(realEngineEntry)],
  ['the fake engine process', () => one(fakeEngineEntry)],
  ['a group of real engine processes', () => two(realEngineEntry)],
  ['a group of fake engine processes', () => two(fakeEngineEntry)],
  ['the scripted engine', scripted],
] as const) {
  describe(`Engine contract: ${name}`, () => {
    let subject: Subject;
    /** What its listener was told, and the state and the number of processes that it had by then. */
    const told: { told: EngineState; state: EngineState; processesReady: number }[] = [];
    before(async () => {
      scriptFakeEngine({});
      subject = await create();
      const { engine } = subject;
      engine.onStateChange((state) => {
        told.push({ told: state, state: engine.state, processesReady: engine.processesReady });
      });
    });
    after(() => subject.engine.close());

    it('rejects a batch before it is ready, and tells its facts when it is', async () => {
      const { engine, start, processIds } = subject;
      assert.equal(engine.state, 'starting');
      assert.equal(engine.info, undefined);
      assert.equal(engine.processesReady, 0);
      await assert.rejects(engine.run(toBatch(sequences)), EngineLostError);
      const info = await start();
      assert.equal(engine.state, 'ready');
      assert.deepEqual(engine.info, info);
      assert.equal(engine.processesReady, processIds().length || 1);
      assert.ok(info.tokensPerSecond > 0 && info.canaryCosine > 0.999999);
      const { batchTokens, batchMilliseconds } = info.calibration;
      assert.ok(batchTokens >= 128 && batchTokens <= 4_096 && batchMilliseconds > 0);
      assert.equal(engine.processesIdle, engine.processesReady);
    });

    it('answers one row a sequence, in order, the same alone as in a batch', async () => {
      const { engine } = subject;
      const { rows, computedTokens, inferMilliseconds } = await engine.run(toBatch(sequences));
      assert.equal(rows.length, sequences.length * HIDDEN);
      assert.ok(computedTokens > 0 && inferMilliseconds >= 0);
      for (const [i, ids] of sequences.entries()) {
        const alone = await engine.run(toBatch([ids]));
        assert.ok(largestDifference(alone.rows, rowAt(rows, i, HIDDEN)) < 1e-6);
      }
    });

    it('answers many batches sent at once, each with its own', async () => {
      const { engine } = subject;
      const alone = await Promise.all(sequences.map((ids) => engine.run(toBatch([ids]))));
      const { rows } = await engine.run(toBatch(sequences));
      for (const [i, one] of alone.entries()) {
        assert.ok(largestDifference(one.rows, rowAt(rows, i, HIDDEN)) < 1e-6);
      }
    });

    it('rejects what was under way when its process is killed, and is ready again with the same rows', async () => {
      const { engine, kill, processIds, losses } = subject;
      const expected = await engine.run(toBatch(sequences));
      const victims = processIds();
      const processes = engine.processesReady;
      const calibration = engine.info?.calibration;
      const lost = Array.from({ length: 3 * processes }, () => engine.run(toBatch(sequences)));
      assert.equal(engine.processesIdle, 0);
      kill();
      const outcomes = await Promise.allSettled(lost);
      const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      assert.ok(errors.length > 0);
      assert.ok(errors.every((error) => error instanceof EngineLostError));
      assert.equal(
        errors.filter(({ wasComputing }) => wasComputing).length,
        processes,
        'one a process, not those behind',
      );
      assert.ok(errors.every(({ wasFresh }) => !wasFresh));
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') assert.equal(largestDifference(outcome.value.rows, expected.rows), 0);
      }
      await until(() => engine.processesReady === processes);
      assert.ok(processIds().every((processId) => !victims.includes(processId)));
      assert.deepEqual(losses(), Array(processes).fill('signal'));
      const again = await engine.run(toBatch(sequences));
      assert.ok(largestDifference(again.rows, expected.rows) < 1e-6);
      assert.deepEqual(engine.info?.calibration, calibration, 'not measured again: batches are formed to it');
    });

    it('close() ends the process, rejects what is under way, and stays closed', async () => {
      const { engine } = subject;
      const processIds = subject.processIds();
      const lost = engine.run(toBatch(sequences)).then(
        () => 'answered',
        (error: unknown) => error,
      );
      await engine.close();
      assert.ok((await lost) instanceof EngineLostError);
      assert.equal(engine.state, 'closed');
      assert.equal(engine.processesReady, 0);
      assert.equal(engine.processesIdle, 0);
      assert.ok(!processIds.some(isAlive));
      await assert.rejects(engine.run(toBatch(sequences)), EngineLostError);
      await engine.close();
    });

    it('has told its listener of every state, after it took effect', () => {
      for (const { told: heard, state } of told) assert.equal(heard, state);
      for (const { state, processesReady } of told) assert.equal(processesReady > 0, state === 'ready');
      const states = told.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]);
      assert.deepEqual(states, ['ready', 'restarting', 'ready', 'closed']);
    });
  });
}

for (const [name, entry] of [
  ['the real engine process', realEngineEntry],
  ['the fake engine process', fakeEngineEntry],
] as const) {
  it(`${name} ends when its parent lets go of it`, async () => {
    const child = fork(entry, [], { serialization: 'advanced' });
    await once(child, 'spawn');
    const exited = once(child, 'exit');
    child.disconnect();
    assert.deepEqual(await exited, [0, null]);
  });
}
