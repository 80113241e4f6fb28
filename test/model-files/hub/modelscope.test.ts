import assert from 'node:assert/strict';
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

  it('finds the whole commit id that the API shortens', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    assert.equal((await locate()).revision, commit);
  });

  it('asks for each file by the commit that last changed it', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    await locate();
    const files = fixture.hub.requests.filter(({ url }) => url.includes('FilePath='));
    assert.ok(files.length === Object.keys(tinyModel).length);
    assert.ok(files.every(({ url }) => url.includes(`Revision=${commit}`)));
  });

  it('sends the token in the cookie of its SDK, too', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.token = 'ms-token';
    await locate(MODEL, { modelscopeApiToken: 'ms-token' });
    assert.ok(fixture.hub.requests.every(({ cookie }) => cookie === 'm_session_id=ms-token'));
  });
});
