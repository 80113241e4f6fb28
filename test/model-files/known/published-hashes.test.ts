import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { publishedHashes } from '../../../src/model-files/known/published-hashes.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { filesOf } from '../../support/local-hub.ts';
import { PullingFixture } from '../../support/pulled-model.ts';

const QWEN = 'Qwen/Qwen3-Embedding-0.6B';
const COMMIT = '97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3';
const impostor = filesOf(path.join(packageRoot, 'models', 'starter'));
const pinned = path.join(packageRoot, '..', 'shared', 'data', 'qwen3-embedding-0.6b', 'PUBLISHED-SHA256.json');
let fixture: PullingFixture;

describe('publishedHashes()', () => {
  beforeEach(async () => {
    fixture = await PullingFixture.start();
  });
  afterEach(() => fixture.close());

  it('are those that others pinned', { skip: !existsSync(pinned) && `${path.basename(pinned)} is not here` }, () => {
    const published = JSON.parse(readFileSync(pinned, 'utf8'))[`${QWEN}@${COMMIT}`] as Record<string, [number, string]>;
    const own = publishedHashes(QWEN, COMMIT, true);
    assert.ok(own.size >= 7);
    for (const [file, sha256] of own) assert.equal(sha256, published[file]?.[1], file);
  });

  it('refuse what a mirror sends for the known commit, before its weights are asked for', async () => {
    fixture.hub.publishAs(COMMIT, QWEN, impostor);
    await assert.rejects(fixture.locate(QWEN), {
      name: 'StartError',
      message: /of Qwen\/Qwen3-Embedding-0\.6B is not the published file.*unset HF_ENDPOINT/,
    });
    assert.ok(!fixture.fetched().includes('model.safetensors'));
    await assert.rejects(fixture.locate(`${QWEN}@${COMMIT}`), { message: /not the published file/ });
  });

  it('refuse small files too, whose hash a hub announces in another form', async () => {
    fixture.hub.large = /safetensors/;
    fixture.hub.publishAs(COMMIT, QWEN, impostor);
    await assert.rejects(fixture.locate(QWEN), { message: /not the published file/ });
    assert.ok(fixture.fetched().includes('config.json'));
    assert.ok(!fixture.fetched().includes('model.safetensors'));
  });

  it('hold for weights and tokenizer at any revision of ModelScope and of a mirror, however the name is written', async () => {
    for (const name of [QWEN, QWEN.toLowerCase()]) {
      fixture.hub.publish(name, impostor);
      for (const modelSource of ['modelscope', 'huggingface'] as const) {
        await assert.rejects(fixture.locate(name, { modelSource }), { message: /not the published file/ });
      }
    }
  });

  it('do not hold for another commit of the hub itself: a publisher may release anew', () => {
    assert.equal(publishedHashes(QWEN, '0'.repeat(40), true).size, 0);
    assert.deepEqual([...publishedHashes(QWEN, '0'.repeat(40), false).keys()], ['model.safetensors', 'tokenizer.json']);
    assert.ok(publishedHashes(QWEN, COMMIT, true).size >= 7);
  });
});
