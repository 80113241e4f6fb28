import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { formatBytes } from '../model-files/hub/format-bytes.ts';
import type { HubEvent, OnHubEvent } from '../model-files/hub/hub-events.ts';
import { logLeftAside } from './left-aside.ts';

/** A line of progress after this time, or sooner after this part of the bytes. */
const LINE_SECONDS = 5;
const SOONEST_SECONDS = 1;
const LINE_PART = 0.1;

/** Tells the log what happens while a model is made ready. */
export function logHubEvents(logger: Logger, clock: Clock): OnHubEvent {
  let last = { time: 0, receivedBytes: 0 };
  return (event) => {
    switch (event.kind) {
      case 'resolved':
        logger.info(factsOf(event), 'model revision resolved');
        return;
      case 'cached': {
        const { isForeign, ...facts } = factsOf(event);
        logger.info(facts, 'using the cached model');
        if (isForeign) {
          logger.warn(
            'Another tool downloaded the model: its files are verified, but it is unknown whether any are missing.',
          );
        }
        return;
      }
      case 'left_aside':
        logLeftAside(logger, event);
        return;
      case 'download':
        last = { time: clock.now(), receivedBytes: event.presentBytes };
        logger.info(factsOf(event), 'downloading the model');
        return;
      case 'progress': {
        const { model, receivedBytes, bytes } = event;
        const seconds = (clock.now() - last.time) / 1000;
        const isPart = receivedBytes - last.receivedBytes >= LINE_PART * bytes;
        const isDue = seconds >= LINE_SECONDS || (seconds >= SOONEST_SECONDS && isPart);
        if (!isDue) return;
        const rate = `${formatBytes(Math.max(0, receivedBytes - last.receivedBytes) / Math.max(seconds, 0.001))}/s`;
        last = { time: clock.now(), receivedBytes };
        const percent = Math.floor((100 * receivedBytes) / bytes);
        logger.info({ model, receivedBytes, bytes, percent, rate }, 'download progress');
        return;
      }
      case 'retry':
        logger.warn({ ...factsOf(event), waitMs: Math.round(event.waitMs) }, 'download interrupted, trying again');
        return;
      case 'damaged':
        logger.warn(factsOf(event), 'a cached file is damaged, downloading it again');
        return;
      case 'downloaded':
        logger.info(factsOf(event), 'model downloaded and verified');
    }
  };
}

function factsOf<Event extends HubEvent>({ kind: _, ...facts }: Event): Omit<Event, 'kind'> {
  return facts;
}
