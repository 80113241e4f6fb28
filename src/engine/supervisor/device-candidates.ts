import { existsSync, readdirSync } from 'node:fs';
import process from 'node:process';
import type { Device } from '../protocol.ts';
import { providerLibrary } from '../provider-library.ts';

/** A device that `auto` would like to use, or why there is no point in trying. */
export interface DeviceCandidate {
  device: Device;
  /** null: worth a try. */
  absent: string | null;
}

/** What shows that there is a GPU; replaced in tests. */
export interface Machine {
  platform: string;
  hasCudaProvider: boolean;
  /** Names in /dev and /dev/dri. */
  deviceNodes: readonly string[];
}

/**
 * The devices in the order that `auto` prefers them. Only looks at files, in well under a millisecond: on a machine
 * without GPU a start costs nothing more. What passes is still to be proved by the probe, in a process of its own.
 */
export function deviceCandidates(machine: Machine = thisMachine()): DeviceCandidate[] {
  return [
    { device: 'cuda', absent: whyNoCuda(machine) },
    { device: 'webgpu', absent: whyNoWebGpu(machine) },
    { device: 'cpu', absent: null },
  ];
}

function whyNoCuda({ platform, hasCudaProvider, deviceNodes }: Machine): string | null {
  if (platform !== 'linux') return 'onnxruntime-node supports CUDA only on Linux';
  if (!deviceNodes.some(isNvidia)) return 'no NVIDIA device in /dev';
  return hasCudaProvider ? null : 'the CUDA provider is not installed; the GPU image has it';
}

/** A Vulkan driver may be software: without a device node there is nothing else it could be. */
function whyNoWebGpu({ platform, deviceNodes }: Machine): string | null {
  if (platform !== 'linux') return null;
  const isGpu = (name: string) => name.startsWith('renderD') || isNvidia(name);
  return deviceNodes.some(isGpu) ? null : 'no GPU in /dev or /dev/dri';
}

/** `nvidiactl` of the driver; `dxg` is how WSL shows the GPU of its host. */
function isNvidia(name: string): boolean {
  return name === 'nvidiactl' || name === 'dxg';
}

function thisMachine(): Machine {
  return {
    platform: process.platform,
    hasCudaProvider: existsSync(providerLibrary('cuda')),
    deviceNodes: process.platform === 'linux' ? ['/dev', '/dev/dri'].flatMap(namesIn) : [],
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
