import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { folderOfAll } from '../../../src/formats/graph-writer/weights-folder.ts';

const place = (name: string) => path.resolve(`/${name}`);

describe('folderOfAll()', () => {
  for (const [files, wanted] of [
    [['models/a/one', 'models/a/two'], 'models/a'],
    [['models/a/one', 'models/a/.hotvec/two'], 'models/a'],
    [['models/a/blobs/one', 'models/a/.hotvec/two'], 'models/a'],
    // A name that begins like another is no folder of it.
    [['models/a/one', 'models/ab/two'], 'models'],
    [['models/a/one', 'cache/two', 'models/a/b/three'], ''],
    [['models/a/..b/one', 'models/a/two'], 'models/a'],
  ] as const) {
    it(`of ${files.join(', ')} is /${wanted}`, () => {
      assert.equal(folderOfAll(files.map(place)), place(wanted));
      assert.equal(folderOfAll(files.map(place).reverse()), place(wanted));
    });
  }
});
