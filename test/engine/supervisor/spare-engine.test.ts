import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { SpareEngine } from '../../../src/engine/supervisor/spare-engine.ts';
import { fakeEngineEntry, isAlive, scriptFakeEngine, superviseEngine, until } from '../../support/supervised-engine.ts';

describe('SpareEngine', () => {
  const spares: SpareEngine[] = [];
  const spareOf = (entry: URL) => {
    const spare = new SpareEngine(entry);
    spares.push(spare);
    return spare;
  };
  afterEach(() => {
    for (const spare of spares.splice(0)) spare.close();
  });

  it('is the first process of an engine; the next is another one', async () => {
    scriptFakeEngine({});
    const spare = spareOf(fakeEngineEntry);
    const spareId = spare.processId;
    const [first, second] = await Promise.all([1, 2].map(() => superviseEngine(fakeEngineEntry, { spare })));
    try {
      await Promise.all([first?.engine.start(), second?.engine.start()]);
      assert.equal(first?.engine.processId, spareId);
      assert.notEqual(second?.engine.processId, spareId);
      assert.deepEqual([first?.engine.state, second?.engine.state], ['ready', 'ready']);
    } finally {
      await Promise.all([first?.engine.close(), second?.engine.close()]);
    }
  });

  it("is nobody's where it has ended: the engine starts another", async () => {
    scriptFakeEngine({});
    const spare = spareOf(new URL('../../support/no-such-engine.js', import.meta.url));
    const spareId = spare.processId;
    await until(() => spare.processId === undefined);
    const { engine } = await superviseEngine(fakeEngineEntry, { spare });
    try {
      await engine.start();
      assert.notEqual(engine.processId, spareId);
      assert.equal(engine.state, 'ready');
    } finally {
      await engine.close();
    }
  });

  it('ends with close() unless it was taken', async () => {
    scriptFakeEngine({});
    const [left, taken] = [spareOf(fakeEngineEntry), spareOf(fakeEngineEntry)];
    const child = taken.take();
    assert.equal(taken.take(), undefined, 'once');
    const ended = left.processId as number;
    for (const spare of [left, taken]) spare.close();
    await until(() => !isAlive(ended));
    assert.equal(child?.exitCode ?? child?.signalCode, null);
    child?.kill('SIGKILL');
    await once(child as NonNullable<typeof child>, 'exit');
  });
});
