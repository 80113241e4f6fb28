import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FreshTexts } from '../../../bench/peers/measure-peer.ts';
import { openWorkloads } from '../../../bench/workloads.ts';
import { loadNativeTokenizer } from '../../../src/tokenization/native-tokenizer.ts';
import { starterManifest } from '../../support/starter.ts';

describe('FreshTexts', () => {
  it('gives no text twice, and none that is longer than the models read', async () => {
    const tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
    const texts = new FreshTexts(await openWorkloads(tokenizer), 100);
    const taken = [...(await texts.take('p', 30)), ...(await texts.take('p', 30)), ...(await texts.take('mix', 30))];
    assert.equal(new Set(taken.map(({ input }) => input)).size, 90);
    const lengths = taken.map(({ ids }) => ids.length);
    assert.ok(Math.max(...lengths) <= 100 && Math.max(...lengths) > 80);
  });
});
