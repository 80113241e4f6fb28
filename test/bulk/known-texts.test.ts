import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownTexts } from '../../src/bulk/known-texts.ts';
import { digestOf } from '../../src/bulk/text-digest.ts';

describe('KnownTexts', () => {
  const digests: Buffer[] = [];
  const tableOf = (mostSlots?: number) => {
    digests.length = 0;
    const hasDigest = (row: number, digest: Buffer) => digests[row]?.equals(digest) === true;
    return new KnownTexts(mostSlots === undefined ? { hasDigest } : { hasDigest, mostSlots });
  };
  const addAll = (known: KnownTexts, count: number) => {
    for (let row = 0; row < count; row++) {
      digests[row] = digestOf([`text ${row}`]);
      known.add(digests[row] as Buffer, row);
    }
  };

  it('finds the row of each text while it grows, and of no other text', () => {
    const known = tableOf();
    addAll(known, 20_000);
    for (let row = 0; row < 20_000; row++) assert.equal(known.find(digests[row] as Buffer), row);
    for (let other = 0; other < 1_000; other++) assert.equal(known.find(digestOf([`other ${other}`])), undefined);
  });

  it('tells texts apart whose digests begin with the same 32 bits', () => {
    const known = tableOf();
    digests[0] = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    digests[1] = Buffer.from('0011223300000000000000000000000f', 'hex');
    known.add(digests[0], 0);
    assert.equal(known.find(digests[1]), undefined);
    known.add(digests[1], 1);
    assert.equal(known.find(digests[0]), 0);
    assert.equal(known.find(digests[1]), 1);
  });

  it('learns no more than its bound, and still finds what it learned', () => {
    const known = tableOf(4_096);
    addAll(known, 10_000);
    const found = digests.filter((digest) => known.find(digest) !== undefined);
    assert.equal(found.length, Math.ceil(0.8 * 4_096));
    assert.equal(known.find(digests[0] as Buffer), 0);
  });
});
