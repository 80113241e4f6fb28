import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Device, EngineSettings } from '../../src/engine/protocol.ts';
import { checkMemory, memoryLimit, memoryOf } from '../../src/served-models/memory.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const engineOn = (device: Device) => ({ device }) as EngineSettings;

describe('memoryLimit()', () => {
  let folder: string;
  let root: string;
  const membership = () => path.join(folder, 'membership');
  const limitOf = (group: string, bytes: string) => {
    mkdirSync(path.join(root, group), { recursive: true });
    writeFileSync(path.join(root, group, 'memory.max'), `${bytes}\n`);
  };
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    root = path.join(folder, 'cgroup');
    limitOf('pods', `${3 * MIB}`);
    limitOf('pods/one', 'max');
    limitOf('pods/one/container', `${5 * MIB}`);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is the lowest from the group of the process up to the root', () => {
    writeFileSync(membership(), '0::/pods/one/container\n');
    const limit = memoryLimit({ membership: membership(), root });
    assert.deepEqual(limit, { bytes: 3 * MIB, source: path.join(root, 'pods', 'memory.max') });
  });

  it('is that of the root for a container that sees no further', () => {
    limitOf('.', `${7 * MIB}`);
    writeFileSync(membership(), '0::/\n');
    assert.equal(memoryLimit({ membership: membership(), root }).bytes, 7 * MIB);
    limitOf('.', 'max');
  });

  it('is the memory of the machine where no group says less', () => {
    const machine = { bytes: os.totalmem(), source: 'the memory of the machine' };
    writeFileSync(membership(), '0::/elsewhere\n');
    assert.deepEqual(memoryLimit({ membership: membership(), root }), machine);
    // Version 1.
    writeFileSync(membership(), '4:memory:/pods\n1:name=systemd:/pods\n');
    assert.deepEqual(memoryLimit({ membership: membership(), root }), machine);
    assert.deepEqual(memoryLimit({ membership: path.join(folder, 'nothing'), root }), machine);
  });
});

describe('memoryOf()', () => {
  it('counts the weights of each process, but not those in the memory of a GPU, on what takes least', () => {
    const weights = () => GIB;
    assert.equal(memoryOf([[engineOn('cpu')]], weights), GIB + 64 * MIB);
    assert.equal(memoryOf([[engineOn('cpu'), engineOn('cpu')]], weights), 2 * (GIB + 64 * MIB));
    assert.equal(memoryOf([[engineOn('webgpu')]], weights), 64 * MIB);
    assert.equal(memoryOf([[engineOn('cuda')], [engineOn('cpu')]], weights), 64 * MIB);
  });
});

describe('checkMemory()', () => {
  it('says what each model takes, and what there is', () => {
    const needs = [
      { name: 'a', bytes: GIB },
      { name: 'b', bytes: GIB / 2 },
    ];
    checkMemory(needs, { bytes: 1.6 * GIB, source: 'x' });
    assert.throws(
      () => checkMemory(needs, { bytes: 1.5 * GIB, source: '/cgroup/memory.max' }),
      /need at least 1\.56 GiB of memory \(a 1\.00 GiB, b 0\.50 GiB\), but there are only 1\.50 GiB \(\/cgroup\/memory\.max\)/,
    );
  });
});
