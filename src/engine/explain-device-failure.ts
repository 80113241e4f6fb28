import { existsSync } from 'node:fs';
import process from 'node:process';
import type { EngineSettings } from './protocol.ts';
import { providerLibrary } from './provider-library.ts';

/**
 * What ONNX Runtime said about a device that cannot be used, as one line: what is missing, and what to do. Its own
 * message names neither, so the libraries are looked at. Called in the engine process only: it may load them.
 */
export function explainDeviceFailure(
  { device, deviceId }: Pick<EngineSettings, 'device' | 'deviceId'>,
  message: string,
): string {
  const explain = { cuda: explainCuda, webgpu: explainWebGpu, cpu: (found: string) => found }[device];
  const which = deviceId === 0 ? '' : ` with DEVICE_ID=${deviceId}`;
  return `DEVICE=${device}${which} cannot be used: ${explain(firstLine(message))}`;
}

/** What ONNX Runtime said when a model could not be loaded or run on a device that works, as one line. */
export function explainModelFailure(
  { device, dtype }: Pick<EngineSettings, 'device' | 'dtype'>,
  message: string,
  remedy = 'Use a smaller model, or another DEVICE',
): string {
  if (device === 'cpu') return message;
  const found = firstLine(message);
  if (/fallback to CPU EP has been explicitly disabled/.test(message)) {
    return `ONNX Runtime has no ${device} kernel for an operator of this model in ${dtype}, and hotvec does not silently run part of a model elsewhere. Set another DTYPE or DEVICE.`;
  }
  if (/requires f16 but the device does not support it/.test(message)) {
    return `This ${device} device does not support float16. Set DTYPE=fp32.`;
  }
  if (
    /out of memory|failed to allocate|not enough memory|bad_alloc|ALLOC_FAILED|exceeds? the (max|limit)/i.test(message)
  ) {
    return `The ${device} device has too little memory (${found}). ${remedy}.`;
  }
  return `On ${device}: ${found}. ${remedy}, if it is short of memory.`;
}

function explainCuda(message: string): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `onnxruntime-node supports CUDA only on Linux x64; this is ${process.platform} on ${process.arch}.`;
  }
  for (const name of ['shared', 'cuda'] as const) {
    const file = providerLibrary(name);
    if (!existsSync(file)) {
      return `the CUDA provider is not part of the npm package, and ${file} is missing. Use the GPU image (docker compose up hotvec-gpu), or put the library there as its Dockerfile does.`;
    }
  }
  const driver = whyNotLoaded('libcuda.so.1');
  if (driver !== null) {
    return `the NVIDIA driver is missing (${driver}). Install it; in a container, start with --gpus all, which needs the NVIDIA Container Toolkit on the host.`;
  }
  const provider = whyNotLoaded(providerLibrary('cuda'));
  if (provider !== null && !provider.includes('Provider_GetHost')) {
    return `a library of CUDA 13 is missing (${provider}). Use the GPU image, or install the CUDA 13 runtime with cuBLAS and cuRAND.`;
  }
  return `${message}. \`nvidia-smi\` must list the device, with a driver for CUDA 13 (580 or newer); DEVICE_ID counts from 0.`;
}

function explainWebGpu(message: string): string {
  if (/is unsupported|not supported|not available/i.test(message) && !/adapter/i.test(message)) {
    return `this build of onnxruntime-node has no WebGPU (${process.platform} on ${process.arch}): ${message}`;
  }
  if (process.platform !== 'linux') return message;
  const loader = whyNotLoaded('libvulkan.so.1');
  if (loader !== null) {
    return `the Vulkan loader is missing (${loader}). Install it and the GPU's driver: on Debian and Ubuntu libvulkan1 with mesa-vulkan-drivers, or NVIDIA's own driver.`;
  }
  if (/adapter/i.test(message)) {
    return `Vulkan has no driver that ONNX Runtime can use (${message}). Install the GPU's driver, on Debian and Ubuntu mesa-vulkan-drivers or NVIDIA's own, and let this user open /dev/dri; \`vulkaninfo --summary\` lists what is there.`;
  }
  return message;
}

/** The loader's complaint about a shared library; null when it loads. */
function whyNotLoaded(library: string): string | null {
  try {
    process.dlopen({ exports: {} }, library);
    return null;
  } catch (error) {
    const complaint = firstLine((error as Error).message);
    // It was loaded, and is not a Node add-on, which is all we need to know.
    return complaint.includes('did not self-register') ? null : complaint;
  }
}

/** Without the source positions that ONNX Runtime puts before its messages. */
function firstLine(message: string): string {
  const text = message.replace(/\S*\/onnxruntime_src\/.*?(?=Failed to|CUDA failure|CUDNN|CUBLAS)/s, '');
  return (text.split('\n')[0] ?? '')
    .replace(/ ; (hostname|file)=.*$/, '')
    .trim()
    .replace(/\.$/, '');
}
