import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { openWorkloads, type WorkloadName, type Workloads } from '../../bench/workloads.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { starterManifest } from '../support/starter.ts';

describe('the workloads, of the texts that every clone has', () => {
  let workloads: Workloads;
  before(async () => {
    const tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
    workloads = await openWorkloads(tokenizer, 'no-such-corpus.jsonl');
  });

  it('have texts of about the lengths they are named for', async () => {
    const bounds: Record<WorkloadName, [number, number]> = {
      q: [2, 80],
      qi: [18, 110],
      qis: [18, 60],
      p: [8, 700],
      mix: [2, 2_700],
      l: [1_300, 2_800],
      dup: [2, 80],
    };
    for (const [name, [low, high]] of Object.entries(bounds) as [WorkloadName, [number, number]][]) {
      const lengths = (await workloads.take(name, 40, 1)).map(({ ids }) => ids.length);
      assert.ok(Math.min(...lengths) >= low && Math.max(...lengths) <= high, `${name}: ${lengths}`);
    }
  });

  it('are the same for the same seed, and others for another', async () => {
    const inputs = async (seed: number) => (await workloads.take('q', 50, seed)).map(({ input }) => input);
    assert.deepEqual(await inputs(3), await inputs(3));
    const known = new Set(await inputs(3));
    assert.equal((await inputs(4)).filter((input) => known.has(input)).length, 0);
  });

  it('repeat texts only in dup: a few of them often, whatever the seed', async () => {
    const distinct = async (name: WorkloadName) => {
      const items = [...(await workloads.take(name, 1_000, 5)), ...(await workloads.take(name, 1_000, 6))];
      return new Set(items.map(({ input }) => input)).size;
    };
    assert.ok((await distinct('q')) > 1_980);
    // The expected number of different ones among 2,000 drawn from 1,000 by Zipf's law is about 570.
    const different = await distinct('dup');
    assert.ok(different > 480 && different < 660, String(different));
  });
});
