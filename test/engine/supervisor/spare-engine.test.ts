import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { toBatch } from '../../../src/engine/protocol.ts';
import { SpareEngine, type TakenEngine } from '../../../src/engine/supervisor/spare-engine.ts';
import { starterManifest } from '../../support/starter.ts';
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
    const { settings } = await superviseEngine(fakeEngineEntry);
    const load = { manifest: await starterManifest(), settings };
    const [left, taken] = [spareOf(fakeEngineEntry), spareOf(fakeEngineEntry)];
    const { child } = taken.take(load) as TakenEngine;
    assert.equal(taken.take(load), undefined, 'once');
    const ended = left.processId as number;
    for (const spare of [left, taken]) spare.close();
    await until(() => !isAlive(ended));
    assert.equal(child.exitCode ?? child.signalCode, null);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('loads what an engine will probably want, and is ready when it is wanted', async () => {
    scriptFakeEngine({});
    const spare = spareOf(fakeEngineEntry);
    const { engine, settings, events } = await superviseEngine(fakeEngineEntry, { spare });
    spare.beginLoading({ manifest: await starterManifest(), settings });
    const spareId = spare.processId;
    // From here on a process that is told to load fails.
    scriptFakeEngine({ load: { fail: 'told again' } });
    try {
      await engine.start();
      assert.equal(engine.processId, spareId);
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['ready'],
      );
      const { rows } = await engine.run(toBatch([[1, 2, 3]]));
      assert.ok(rows.length > 0);
    } finally {
      await engine.close();
    }
  });

  it('tells why it could not load, as any other process', async () => {
    scriptFakeEngine({ load: { fail: 'as scripted' } });
    const spare = spareOf(fakeEngineEntry);
    const { engine, settings } = await superviseEngine(fakeEngineEntry, { spare });
    spare.beginLoading({ manifest: await starterManifest(), settings });
    scriptFakeEngine({});
    await assert.rejects(engine.start(), { name: 'StartError', message: /as scripted/ });
    await engine.close();
  });

  it('ends where something else is wanted: the engine starts another', async () => {
    scriptFakeEngine({});
    const spare = spareOf(fakeEngineEntry);
    const { engine, settings } = await superviseEngine(fakeEngineEntry, { spare });
    const manifest = await starterManifest();
    spare.beginLoading({ manifest: { ...manifest, folder: '/another' }, settings });
    const spareId = spare.processId as number;
    try {
      await engine.start();
      assert.notEqual(engine.processId, spareId);
      await until(() => !isAlive(spareId));
    } finally {
      await engine.close();
    }
  });
});
