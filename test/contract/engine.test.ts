import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { EngineLostError } from '../../src/engine/engine.ts';
import { toBatch } from '../../src/engine/protocol.ts';
import { rowAt } from '../../src/engine/rows.ts';
import { largestDifference } from '../support/difference.ts';
import { golden } from '../support/starter.ts';
import {
  fakeEngineEntry,
  isAlive,
  realEngineEntry,
  type SupervisedEngine,
  scriptFakeEngine,
  superviseEngine,
  until,
} from '../support/supervised-engine.ts';

const HIDDEN = 256;
const sequences = golden.texts.slice(0, 8).map(({ ids }) => ids);

// The fake stands in for the real engine in many tests: it must keep every promise that the real one keeps.
for (const [name, entry] of [
  ['the real engine process', realEngineEntry],
  ['the fake engine process', fakeEngineEntry],
] as const) {
  describe(`Engine contract: ${name}`, () => {
    let supervised: SupervisedEngine;
    before(async () => {
      scriptFakeEngine({});
      supervised = await superviseEngine(entry);
    });
    after(() => supervised.engine.close());

    it('rejects a batch before it is ready, and tells its facts when it is', async () => {
      const { engine } = supervised;
      assert.equal(engine.state, 'starting');
      await assert.rejects(engine.run(toBatch(sequences)), EngineLostError);
      const info = await engine.start();
      assert.equal(engine.state, 'ready');
      assert.equal(engine.info, info);
      assert.ok(info.tokensPerSecond > 0 && info.canaryCosine > 0.999999);
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
      const { engine, events } = supervised;
      const expected = await engine.run(toBatch(sequences));
      const victim = engine.processId as number;
      const lost = Array.from({ length: 3 }, () => engine.run(toBatch(sequences)));
      process.kill(victim, 'SIGKILL');
      const outcomes = await Promise.allSettled(lost);
      assert.ok(outcomes.some(({ status }) => status === 'rejected'));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof EngineLostError);
        else assert.equal(largestDifference(outcome.value.rows, expected.rows), 0);
      }
      await until(() => engine.state === 'ready');
      assert.notEqual(engine.processId, victim);
      assert.deepEqual(
        events.filter(({ kind }) => kind === 'lost').map((event) => event.kind === 'lost' && event.reason),
        ['signal'],
      );
      const again = await engine.run(toBatch(sequences));
      assert.ok(largestDifference(again.rows, expected.rows) < 1e-6);
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
      const processId = engine.processId as number;
      const lost = engine.run(toBatch(sequences)).then(
        () => 'answered',
        (error: unknown) => error,
      );
      await engine.close();
      assert.ok((await lost) instanceof EngineLostError);
      assert.equal(engine.state, 'closed');
      assert.equal(isAlive(processId), false);
      await assert.rejects(engine.run(toBatch(sequences)), EngineLostError);
      await engine.close();
    });
  });
}
