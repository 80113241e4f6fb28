import { existsSync } from 'node:fs';
import process from 'node:process';

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib64/libvulkan.so.1', '/usr/lib/libvulkan.so.1'];

/** What makes WebGPU run on a machine without GPU: SwiftShader, as Debian's chromium package brings it. */
export const softwareVulkan = { VK_ICD_FILENAMES: DRIVER };

/** Why tests on it cannot run here; false where they can. */
export const withoutSoftwareVulkan: string | false =
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  existsSync(DRIVER) &&
  LOADERS.some((file) => existsSync(file))
    ? false
    : 'needs the Debian packages chromium (for SwiftShader) and libvulkan1';
