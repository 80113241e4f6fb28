import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PullingFixture, tinyModel } from '../../support/pulled-model.ts';

const MODEL = 'someone/tiny';
let fixture: PullingFixture;
const locate = (model = MODEL, settings = {}) => fixture.locate(model, { modelSource: 'modelscope', ...settings });

describe('locateModel() with a model of ModelScope', () => {
  beforeEach(async () => {
    fixture = await PullingFixture.start();
  });
  afterEach(() => fixture.close());

  it('finds the whole commit id that the API shortens, and keeps apart from the cache of Hugging Face', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    const { folder, revision, source } = await locate();
    assert.deepEqual([revision, source], [commit, 'modelscope']);
    assert.equal(folder, path.join(fixture.home, 'modelscope', 'models--someone--tiny', 'snapshots', commit));
    assert.ok(!existsSync(path.join(fixture.home, 'hub')));
    fixture.hub.forget();
    assert.equal((await locate()).revision, commit);
    assert.equal(fixture.hub.requests.length, 0);
  });

  it('asks for each file by the commit that last changed it', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    await locate();
    const files = fixture.hub.requests.filter(({ url }) => url.includes('FilePath='));
    assert.ok(files.length === Object.keys(tinyModel).length);
    assert.ok(files.every(({ url }) => url.includes(`Revision=${commit}`)));
  });

  it('resumes after a cut', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.faults.push({ match: /FilePath=onnx/, cutAfter: 4000, times: 1 });
    await locate();
    const ranges = fixture.hub.requests.filter(({ url }) => /FilePath=onnx/.test(url)).map(({ range }) => range);
    assert.deepEqual(ranges, [undefined, 'bytes=4000-']);
  });

  it('sends its own token, and not that of Hugging Face', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.token = 'ms-token';
    await locate(MODEL, { modelscopeApiToken: 'ms-token', hfToken: 'hf_other' });
    assert.ok(
      fixture.hub.requests.every(
        ({ authorization, cookie }) => authorization === 'Bearer ms-token' && cookie === 'm_session_id=ms-token',
      ),
    );
  });

  it('says what to do about an unknown revision, an unknown model and a model that needs a token', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    await assert.rejects(locate(`${MODEL}@v7`), { name: 'StartError', message: /has no such revision/ });
    await assert.rejects(locate('someone/else'), {
      name: 'StartError',
      message: /ModelScope .* answered 404.*no model someone\/else/,
    });
    fixture.hub.token = 'ms-token';
    await assert.rejects(locate(), { name: 'StartError', message: /Check the name, or set MODELSCOPE_API_TOKEN/ });
    fixture.hub.faults.push({ match: /repo\/files/, text: '<html>' });
    await assert.rejects(locate(), { name: 'StartError', message: /Check MODELSCOPE_ENDPOINT/ });
  });
});
