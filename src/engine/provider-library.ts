import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

/**
 * Where ONNX Runtime looks for a provider that is a separate library: next to the binding. The npm package does not
 * bring the CUDA provider, the GPU image adds it.
 */
export function providerLibrary(name: 'shared' | 'cuda'): string {
  const packageRoot = path.dirname(path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));
  return path.join(
    packageRoot,
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
    `libonnxruntime_providers_${name}.so`,
  );
}
