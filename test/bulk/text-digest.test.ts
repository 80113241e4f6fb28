import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DIGEST_BYTES, digestOf } from '../../src/bulk/text-digest.ts';

describe('digestOf()', () => {
  it('is the same for the same texts, and for no others', () => {
    const different = [
      ['a'],
      ['a', ''],
      ['', 'a'],
      ['ab', 'c'],
      ['a', 'bc'],
      ['1 a'],
      ['a1 a'],
      ['\u0000'],
      ['1\u0000 \u0000a\u0000'],
      ['\u{fffd}'],
      // Halves of surrogate pairs, all of which UTF-8 writes as the character above.
      ['\ud800'],
      ['\ud801'],
      ['é'],
      ['e\u0301'],
      [''],
    ];
    const digests = different.map((texts) => digestOf(texts).toString('hex'));
    assert.equal(new Set(digests).size, different.length);
    assert.deepEqual(
      different.map((texts) => digestOf([...texts]).toString('hex')),
      digests,
    );
    assert.equal(digestOf(['a']).length, DIGEST_BYTES);
  });
});
