import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ModelCache } from '../../../src/model-files/hub/model-cache.ts';
import { PullingFixture, tinyModel } from '../../support/pulled-model.ts';

const MODEL = 'someone/tiny';
let fixture: PullingFixture;
const digest = (letter: string) => letter.repeat(64);

/** Refused in one line of this kind. */
async function assertRefused(pulling: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(pulling, (error: Error) => {
    assert.equal(error.name, 'StartError', error.stack);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

describe('a hub that means harm', () => {
  beforeEach(async () => {
    fixture = await PullingFixture.start();
    fixture.hub.publish(MODEL, tinyModel);
  });
  afterEach(() => fixture.close());

  for (const [what, entry] of [
    ['git id', (oid: string) => ({ oid })],
    ['sha256', (oid: string) => ({ lfs: { oid, size: 3, pointerSize: 133 } })],
  ] as const) {
    it(`cannot touch a file of the user by the ${what} it announces`, async () => {
      const victim = path.join(fixture.home, 'victim', 'file.txt');
      mkdirSync(path.dirname(victim));
      writeFileSync(victim, 'of the user');
      fixture.hub.lies['config.json'] = entry('../../../victim/file.txt');
      await assertRefused(
        fixture.locate(MODEL),
        /the hub's file list for someone\/tiny is damaged: the .* of "config\.json" is "\.\.\//,
      );
      assert.equal(readFileSync(victim, 'utf8'), 'of the user');
      assert.deepEqual(fixture.fetched(), []);
      assert.ok(!existsSync(path.join(fixture.home, 'hub')), 'nothing is written');
    });
  }

  for (const kind of ['same', 'empty'] as const) {
    it(`is not followed through pages without end (${kind})`, async () => {
      fixture.hub.endless = kind;
      await assertRefused(fixture.locate(MODEL), /file list for someone\/tiny is damaged: it does not end/);
      assert.ok(fixture.hub.requests.length <= 200);
    });
  }

  it('meets a second barrier in the cache', () => {
    const cache = new ModelCache(fixture.home, MODEL);
    for (const wrong of ['../x', '', 'abc', `${digest('a')}/../x`]) {
      assert.throws(() => cache.blob(wrong), { name: 'StartError', message: /is not a file digest/ });
    }
    for (const wrong of ['..', '../x', '', 'a/../../x', '.']) {
      assert.throws(() => cache.snapshot(wrong), { name: 'StartError', message: /points outside/ }, wrong);
      assert.throws(() => cache.sharedRef(wrong), { name: 'StartError', message: /points outside/ }, wrong);
    }
    assert.equal(cache.blob(digest('a')), path.join(cache.blobs, digest('a')));
  });
});
