import type { FromUmapWorker, ToUmapWorker } from './umap.worker.ts';

/**
 * UMAP in a worker of its own, which an abort ends at once.
 * @param onEpoch is shown how far it has come, about ten times a second, and the end.
 * @throws {DOMException} AbortError; {Error} why it could not be computed.
 */
export function runUmap(
  task: ToUmapWorker,
  signal: AbortSignal,
  onEpoch: (epoch: FromUmapWorker) => void,
): Promise<void> {
  const worker = new Worker(new URL('./umap.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    worker.onerror = ({ message }) => reject(new Error(`UMAP ended: ${message ?? 'it was not loaded'}`));
    worker.onmessage = ({ data }: MessageEvent<FromUmapWorker>) => {
      onEpoch(data);
      if (data.epoch === task.epochs) resolve();
    };
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}
