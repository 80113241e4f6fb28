import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { OnInt8Event } from '../model-files/int8/int8-events.ts';

/** A line of progress after this time: quantizing a small model takes less. */
const LINE_MS = 2_000;

/** Tells the log what happens while a model's int8 weights are made ready. */
export function logInt8Events(model: string, logger: Logger, clock: Clock): OnInt8Event {
  let lastLine = clock.now();
  return (event) => {
    switch (event.kind) {
      case 'quantizing':
        lastLine = clock.now();
        logger.info({ model, folder: event.folder, bytes: event.bytes }, 'quantizing the model to int8 (needed once)');
        return;
      case 'progress':
        if (clock.now() - lastLine < LINE_MS) return;
        lastLine = clock.now();
        logger.info({ model, percent: Math.floor(100 * event.part) }, 'quantization progress');
        return;
      case 'damaged':
        logger.warn({ file: event.file }, 'int8 weights are damaged, creating them again');
        return;
      case 'refused':
        logger.warn({ folder: event.folder, reason: event.reason }, 'int8 weights cannot be stored in this folder');
        return;
      case 'ready': {
        const { file, isNew, matrices, keptMatrices } = event;
        const message = isNew ? 'model quantized to int8' : 'using the existing int8 weights';
        logger.info({ model, file, matrices, keptInFp32: keptMatrices }, message);
      }
    }
  };
}
