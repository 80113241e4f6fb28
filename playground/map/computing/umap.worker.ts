import type { Neighbors } from './nearest-neighbors.ts';
import { umapEpochs } from './umap-layout.ts';

export interface ToUmapWorker {
  graph: Neighbors;
  start: Float32Array;
  epochs: number;
}

export interface FromUmapWorker {
  /** Epochs done. */
  epoch: number;
  positions: Float32Array;
}

/** As often as one sees a difference. */
const SHOWN_EVERY_MS = 100;

addEventListener('message', ({ data }: MessageEvent<ToUmapWorker>) => {
  let shown = 0;
  for (const { epoch, positions } of umapEpochs(data.graph, data.start, data.epochs)) {
    if (epoch < data.epochs && performance.now() - shown < SHOWN_EVERY_MS) continue;
    shown = performance.now();
    const message: FromUmapWorker = { epoch, positions: positions() };
    postMessage(message, { transfer: [message.positions.buffer] });
  }
});
