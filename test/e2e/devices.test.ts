import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { providerLibrary } from '../../src/engine/provider-library.ts';
import { deviceCandidates } from '../../src/engine/supervisor/device-candidates.ts';
import { assertNames } from '../support/assert-names.ts';
import { startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { startFailure } from '../support/start-failure.ts';
import { realEngineEntry } from '../support/supervised-engine.ts';

const onlyCpu = deviceCandidates().every(({ device, absent }) => device === 'cpu' || absent !== null);
const isLinux = process.platform === 'linux' && process.arch === 'x64';

/** The only fatal line of a start that fails. */
async function fatalLine(environment: Record<string, string>): Promise<string> {
  const cli = spawnCli(['serve'], { PORT: '0', ...environment });
  assert.equal(await cli.exit, 1, cli.output());
  const fatal = cli
    .output()
    .split('\n')
    .filter((line) => line.includes('"level":"fatal"'));
  assert.equal(fatal.length, 1, cli.output());
  return (JSON.parse(fatal[0] as string) as { msg: string }).msg;
}

describe('DEVICE=cuda without the CUDA provider', {
  skip: (!isLinux || existsSync(providerLibrary('cuda'))) && 'Linux on x64, from npm',
}, () => {
  it('ends the start with one line: what is missing, and the GPU image; it never computes elsewhere', async () => {
    const line = await startFailure({ DEVICE: 'cuda' }, realEngineEntry);
    assert.match(
      line,
      /DEVICE=cuda cannot be used: the CUDA provider is not part of the npm package.* is missing\. Use the GPU image/,
    );
  });
});

describe('DEVICE=webgpu without a Vulkan driver', { skip: !isLinux && 'Linux on x64' }, () => {
  it('ends the start with one line: what is missing, and the packages that have it', async () => {
    const line = await fatalLine({
      DEVICE: 'webgpu',
      VK_ICD_FILENAMES: '/no/driver.json',
      VK_DRIVER_FILES: '/no/driver.json',
    });
    assert.match(
      line,
      /DEVICE=webgpu cannot be used: (the Vulkan loader is missing|Vulkan has no driver that ONNX Runtime can use)/,
    );
    assert.match(line, /mesa-vulkan-drivers/);
  });
});

describe('DTYPE', () => {
  it('that the device has no kernels for ends the start, naming those that it has', async () => {
    assertNames(await startFailure({ DEVICE: 'cpu', DTYPE: 'bf16' }), 'DTYPE=bf16', 'on cpu', 'fp32', 'int8');
  });
});

describe('DEVICE=auto on a machine without GPU', { skip: !onlyCpu && 'this machine may have a GPU' }, () => {
  it('computes on the CPU, and says why not on the others', async () => {
    const service = await startService();
    await service.close();
    const lines = service.log().trim().split('\n');
    const fieldsOf = (message: string) =>
      lines.map((line) => JSON.parse(line) as Record<string, string>).filter(({ msg }) => msg === message);
    const [ready] = fieldsOf('ready');
    assert.deepEqual([ready?.device, ready?.dtype], ['cpu', 'fp32']);
    const notUsed = fieldsOf('device not used');
    assert.deepEqual(
      notUsed.map(({ device }) => device),
      ['cuda', 'webgpu'],
    );
    for (const { reason = '' } of notUsed) assert.ok(reason.length > 10, reason);
  });
});
