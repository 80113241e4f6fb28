import assert from 'node:assert/strict';
import os from 'node:os';
import { describe, it } from 'node:test';
import { allowedCores } from '../../src/engine/cores.ts';
import { StartError } from '../../src/errors.ts';
import { type ChooseEnginesOptions, chooseEngines } from '../../src/served-models/choose-engines.ts';
import { memoryOf } from '../../src/served-models/memory.ts';
import { readConfig } from '../../src/settings/config.ts';
import { starterManifest } from '../support/starter.ts';

const manifest = await starterManifest();
const cores = allowedCores();

type Asked = Partial<ChooseEnginesOptions['config']>;

function engines(config: Asked, others: Partial<Omit<ChooseEnginesOptions, 'config'>> = {}) {
  const [choice] = chooseEngines({
    config: { ...readConfig({}), device: 'cpu', ...config },
    manifest,
    maxTokens: 512,
    favor: 'latency',
    models: 1,
    ...others,
  }).choices;
  return choice?.map(({ deviceId, threads }) => ({ deviceId, threads }));
}

describe('chooseEngines', () => {
  it('starts one engine with the threads that are set, where nothing else is said', () => {
    assert.deepEqual(engines({}), [{ deviceId: 0, threads: 0 }]);
    assert.deepEqual(engines({ threads: 3 }), [{ deviceId: 0, threads: 3 }]);
  });

  it('divides the threads among the engines of a device', () => {
    assert.deepEqual(engines({ enginesPerDevice: 3, threads: 7 }), Array(3).fill({ deviceId: 0, threads: 2 }));
    assert.deepEqual(engines({ enginesPerDevice: 1, threads: 7 }), [{ deviceId: 0, threads: 7 }]);
    assert.deepEqual(engines({ enginesPerDevice: 2, threads: 2 }), Array(2).fill({ deviceId: 0, threads: 1 }));
  });

  it('starts as many on each device', () => {
    const found = engines({ device: 'cuda', deviceId: [0, 2], enginesPerDevice: 2, threads: 1 });
    assert.deepEqual(
      found,
      [0, 0, 2, 2].map((deviceId) => ({ deviceId, threads: 1 })),
    );
  });

  it('refuses more engines than threads, and several on WebGPU', () => {
    const refused = (config: Asked, message: RegExp) =>
      assert.throws(
        () => engines(config),
        (error) => error instanceof StartError && message.test(error.message),
      );
    refused({ enginesPerDevice: 3, threads: 2 }, /ENGINES_PER_DEVICE=3, but THREADS=2: .*to 2 or less/);
    refused({ enginesPerDevice: 64, threads: 0 }, cores < 64 ? /may use \d+ cores/ : /^$/);
    refused({ enginesPerDevice: 2, device: 'webgpu', threads: 2 }, /ENGINES_PER_DEVICE=2 is for cpu and cuda/);
  });

  it('gives a small model an engine for each thread where throughput matters more', () => {
    const found = (config: Asked) => engines(config, { favor: 'throughput' })?.length;
    assert.equal(found({ threads: 4 }), 4);
    assert.equal(found({ threads: 4, enginesPerDevice: 2 }), 2, 'unless it is said');
    assert.equal(found({ threads: 500 }), 16);
    assert.equal(found({ threads: 4, device: 'cuda' }), 1);
  });

  it('divides the memory for that among the models, and gives a table one engine', () => {
    // The starter takes some hundred megabytes; of as many models each may have less than two of them.
    const many = Math.ceil(os.totalmem() / (64 * 2 ** 20));
    assert.equal(engines({ threads: 4 }, { favor: 'throughput', models: many })?.length, 1);
    const table = { ...manifest, cost: { perRow: 512, perSlotAndPosition: 0 } };
    assert.equal(engines({ threads: 4 }, { favor: 'throughput', manifest: table })?.length, 1);
  });

  it('counts the weights of each engine', () => {
    const needs = (enginesPerDevice: number) =>
      memoryOf(
        chooseEngines({
          config: { ...readConfig({}), device: 'cpu', threads: 2, enginesPerDevice },
          ...{ manifest, maxTokens: 512, favor: 'latency', models: 1 },
        }).choices,
        () => 2 ** 30,
      );
    assert.equal(needs(2), 2 * needs(1));
  });

  it('gives a large model one engine all the same', () => {
    const { weights } = manifest;
    const large = Object.entries(weights.tensors).map(([name, tensor]) => [
      name,
      { ...tensor, shape: tensor.shape.map((size) => 32 * size) },
    ]);
    const grown = { ...manifest, weights: { ...weights, tensors: Object.fromEntries(large) } };
    assert.equal(engines({ threads: 4 }, { favor: 'throughput', manifest: grown })?.length, 1);
  });
});
