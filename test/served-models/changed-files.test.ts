import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { createLogger } from '../../src/log/logger.ts';
import { packageRoot } from '../../src/package-info.ts';
import { type DescribedModel, findModel, type OpenModel } from '../../src/served-models/open-model.ts';
import { testConfig } from '../support/running-service.ts';

describe('findModel() of a folder whose files are written during the start', () => {
  let folder: string;
  let found: DescribedModel;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
    const config = testConfig({ device: 'cpu', model: folder });
    const reports = () => ({ onEngineEvent: () => {} });
    found = await findModel({ config, logger: createLogger('silent'), clock: systemClock, reports });
  });
  afterEach(async () => {
    await found.engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Puts another file in the place of one, whole from one moment to the next. */
  function replace(name: string, change: (bytes: Buffer) => void) {
    const file = path.join(folder, name);
    const bytes = readFileSync(file);
    change(bytes);
    writeFileSync(`${file}.new`, bytes);
    renameSync(`${file}.new`, file);
  }
  const flip = (bytes: Buffer) => {
    bytes[bytes.length - 2_000] = (bytes[bytes.length - 2_000] as number) ^ 1;
  };
  const toSpace = (bytes: Buffer) => {
    bytes[bytes.length - 1] = 0x20;
  };
  const refuses = (start: Promise<unknown>, name: string) =>
    assert.rejects(start, {
      name: 'StartError',
      message: `${path.join(folder, name)} was changed while the model was being loaded. Start again when nothing writes it any more.`,
    });

  it('does not serve weights that were replaced after the folder was described', async () => {
    replace('model.safetensors', flip);
    const model: OpenModel = await found.open();
    await refuses(model.start(), 'model.safetensors');
  });

  it('does not serve weights that were replaced when the engine had loaded them', async () => {
    found.beginLoading();
    const model = await found.open();
    while (model.engine.processesReady === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    replace('model.safetensors', flip);
    await refuses(model.start(), 'model.safetensors');
  });

  it('does not serve with a tokenizer that was replaced', async () => {
    const model = await found.open();
    replace('tokenizer.json', toSpace);
    await refuses(model.start(), 'tokenizer.json');
  });

  it('serves files that were replaced by the same bytes, as a second download does it', async () => {
    const model = await found.open();
    found.beginLoading();
    while (model.engine.processesReady === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    replace('model.safetensors', () => {});
    assert.equal((await model.start()).fingerprint.length, 16);
  });
});
