import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deviceCandidates, type Machine } from '../../../src/engine/supervisor/device-candidates.ts';

const server: Machine = { platform: 'linux', hasCudaProvider: false, deviceNodes: ['null', 'zero', 'card0'] };

function tried(machine: Partial<Machine>): string[] {
  return deviceCandidates({ ...server, ...machine }).flatMap(({ device, absent }) => (absent === null ? [device] : []));
}

describe('deviceCandidates()', () => {
  it('prefers cuda to webgpu to cpu', () => {
    assert.deepEqual(tried({ hasCudaProvider: true, deviceNodes: ['nvidiactl', 'renderD128'] }), [
      'cuda',
      'webgpu',
      'cpu',
    ]);
  });

  it('tries nothing but the CPU on a machine without GPU, whatever Vulkan drivers are installed', () => {
    assert.deepEqual(tried({}), ['cpu']);
    assert.deepEqual(tried({ hasCudaProvider: true }), ['cpu']);
  });

  it('tries WebGPU on an NVIDIA GPU without the CUDA provider, and on other GPUs', () => {
    assert.deepEqual(tried({ deviceNodes: ['nvidiactl'] }), ['webgpu', 'cpu']);
    assert.deepEqual(tried({ deviceNodes: ['renderD128'] }), ['webgpu', 'cpu']);
    assert.deepEqual(tried({ platform: 'darwin', deviceNodes: [] }), ['webgpu', 'cpu']);
  });

  it('knows the GPU that WSL shows', () => {
    assert.deepEqual(tried({ hasCudaProvider: true, deviceNodes: ['dxg'] }), ['cuda', 'webgpu', 'cpu']);
  });

  it('says why a device is not tried', () => {
    const reasons = deviceCandidates({ ...server, deviceNodes: ['nvidiactl'] }).map(({ absent }) => absent);
    assert.match(reasons[0] ?? '', /CUDA provider is not installed/);
    assert.equal(reasons[1], null);
  });
});
