import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketOf } from '../../../../src/formats/encoder/architectures/mpnet.ts';

/** Where `relative_position_bucket` of transformers 5.24.0 goes to the next bucket, up to a distance of 600. */
const FIRST_OF_BUCKET = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];

describe('bucketOf()', () => {
  it('has the buckets of transformers, for keys before a query and after it', () => {
    for (let distance = 0; distance <= 600; distance++) {
      const bucket = FIRST_OF_BUCKET.findLastIndex((first) => first <= distance);
      assert.equal(bucketOf(-distance), bucket, `${-distance}`);
      assert.equal(bucketOf(distance), distance === 0 ? 0 : bucket + 16, `${distance}`);
    }
  });
});
