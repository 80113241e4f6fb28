import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { locateModel } from '../../src/model-files/locate-model.ts';
import { readConfig } from '../../src/settings/config.ts';

describe('locateModel() of a missing folder', () => {
  const home = process.cwd();
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    mkdirSync(path.join(folder, 'models'));
    writeFileSync(path.join(folder, 'models', 'weights.onnx'), '');
    process.chdir(folder);
  });
  after(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  /** What the start says; whether the hub was waited for. */
  async function said(
    environment: Record<string, string>,
    refresh = false,
  ): Promise<{ message: string; waits: number }> {
    let waits = 0;
    const settings = readConfig({
      HF_HOME: path.join(folder, 'cache'),
      HF_ENDPOINT: 'http://127.0.0.1:9',
      ...environment,
    });
    const wait = async () => {
      waits++;
    };
    const { message } = await locateModel({ settings, onEvent: () => {}, refresh, wait }).then(
      () => assert.fail('it was found'),
      (error: Error) => error,
    );
    return { message, waits };
  }

  for (const [model, message] of [
    ['./nope', /^MODEL=\.\/nope: there is no folder \/.*\/nope, and \.\/nope is not a hub id\./],
    ['../nope', /there is no folder \/.*\/nope/],
    ['nope', /there is no folder \/.*\/nope/],
    ['/nope', /there is no folder \/nope/],
    ['models/nope/deeper', /there is no folder \/.*\/models\/nope\/deeper/],
    ['models/nope/', /there is no folder \/.*\/models\/nope,/],
    ['~/nope', /there is no folder/],
    ['models/nope', /^MODEL=models\/nope: the folder \/.*\/models has no nope\. .* set MODEL=models\/nope@main\.$/],
    ['models/weights.onnx', /^MODEL=models\/weights\.onnx is a file\. Set MODEL to the folder that contains it\.$/],
    ['./models/weights.onnx', /is a file\. Set MODEL to the folder/],
  ] as const) {
    it(`says so at once, without a hub: ${model}`, async () => {
      const found = await said({ MODEL: model });
      assert.match(found.message, message);
      assert.equal(found.waits, 0);
      assert.match((await said({ MODEL: model, OFFLINE: '1' })).message, message);
    });
  }

  it('asks the hub for what cannot be a folder, for a revision, and for who pulls', async () => {
    for (const [environment, refresh] of [
      [{ MODEL: 'owner/nope' }, false],
      [{ MODEL: 'models/nope@main' }, false],
      [{ MODEL: 'models/nope', REVISION: 'main' }, false],
      [{ MODEL: 'models/nope' }, true],
    ] as const) {
      const { message, waits } = await said(environment, refresh);
      assert.ok(waits > 0, message);
    }
  });

  it('names the branch of ModelScope', async () => {
    const { message } = await said({ MODEL: 'models/nope', MODEL_SOURCE: 'modelscope' });
    assert.match(message, /set MODEL=models\/nope@master\.$/);
  });
});
