import assert from 'node:assert/strict';
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from 'node:perf_hooks';
import { after, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { collectGarbage } from '../src/serve.ts';
import { startService } from './support/running-service.ts';

const collections: NodeGCPerformanceDetail[] = [];
const observer = new PerformanceObserver((list) => {
  // The types leave the field out of entries of this kind.
  const entries = list.getEntries() as unknown as { detail: NodeGCPerformanceDetail }[];
  collections.push(...entries.map(({ detail }) => detail));
});
observer.observe({ entryTypes: ['gc'] });
after(() => observer.disconnect());

/** Collections of the whole heap that something asked for, since the last call. */
async function forcedCollections(): Promise<number> {
  // Observers are told a turn later.
  for (let turn = 0; turn < 2; turn++) await setImmediate();
  return collections
    .splice(0)
    .filter(
      ({ kind = 0, flags = 0 }) =>
        kind === constants.NODE_PERFORMANCE_GC_MAJOR && (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0,
    ).length;
}

describe('collectGarbage', () => {
  it('collects the whole heap, and leaves no way to do it to other code', async () => {
    await forcedCollections();
    collectGarbage();
    assert.equal(await forcedCollections(), 2);
    assert.equal('gc' in globalThis, false);
  });

  it('is done once by a start, before it is ready', async () => {
    const service = await startService();
    try {
      assert.equal(await forcedCollections(), 2);
    } finally {
      await service.close();
    }
  });
});
