import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { LoadGenerator } from '../../../bench/load-generator.ts';
import { FreshTexts, measureLoad } from '../../../bench/peers/measure-peer.ts';
import { openWorkloads, type Workloads } from '../../../bench/workloads.ts';
import { loadNativeTokenizer } from '../../../src/tokenization/native-tokenizer.ts';
import { startAnswering } from '../../support/answering-server.ts';
import { starterManifest } from '../../support/starter.ts';

describe('what a peer is measured with', () => {
  let workloads: Workloads;
  before(async () => {
    workloads = await openWorkloads(await loadNativeTokenizer((await starterManifest()).tokenizerFile));
  });

  it('is no text twice, and none that is longer than the models read', async () => {
    const texts = new FreshTexts(workloads, 100);
    const taken = [...(await texts.take('p', 30)), ...(await texts.take('p', 30)), ...(await texts.take('mix', 30))];
    assert.equal(new Set(taken.map(({ input }) => input)).size, 90);
    const lengths = taken.map(({ ids }) => ids.length);
    assert.ok(Math.max(...lengths) <= 100 && Math.max(...lengths) > 80);
  });

  it('is the same texts for both, each once', async () => {
    const sent: string[][] = [[], []];
    const start = (side: 0 | 1) =>
      startAnswering((path, body) => {
        const { input, model } = JSON.parse(body) as { input: string[]; model: string };
        assert.deepEqual([path, model], ['/v1/embeddings', `model ${side}`]);
        sent[side]?.push(...input);
        return { body: {} };
      });
    const servers = [await start(0), await start(1)] as const;
    const generator = new LoadGenerator();
    try {
      const load = { workload: 'q', textsPerRequest: 3, clients: 2 } as const;
      const pace = { rounds: 1, seconds: 0.001, cellSeconds: 60 };
      const sides = servers.map(({ url }, i) => ({ name: String(i), url, model: `model ${i}`, precision: 'int8' }));
      const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
      const line = await measureLoad(generator, [a, b], load, new FreshTexts(workloads, 512), pace);
      assert.deepEqual([line.precision, line.load, line.rounds], ['int8', 'q × 3, 2 clients', 1]);
      assert.deepEqual([...(sent[0] as string[])].sort(), [...(sent[1] as string[])].sort());
      assert.equal(new Set(sent[0]).size, sent[0]?.length);
      const [ours, theirs] = line.tokensPerSecond;
      assert.ok(Math.abs(ours / theirs / line.ratio - 1) < 1e-9);
      assert.ok(line.p50.every((value) => value > 0));
    } finally {
      generator.stop();
      for (const server of servers) server.close();
    }
  });
});
