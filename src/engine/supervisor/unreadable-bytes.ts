import { framesOf } from '../../errors.ts';
import type { EngineChannel } from './engine-channel.ts';

/** Innermost frame of an error of Node's own reader of the messages of child processes. */
const READER = /parseChannelMessages \(node:internal\/child_process/;

const open = new Set<Pick<EngineChannel, 'kill'>>();

/** Notes a channel that Node reads. Returns what to call when it is closed. */
export function noteOpenChannel(channel: Pick<EngineChannel, 'kill'>): () => void {
  open.add(channel);
  return () => open.delete(channel);
}

/**
 * Kills the engine processes, if one of them wrote bytes on its channel that are not a message, for instance a native
 * library writing to the wrong descriptor. Node throws when it reads them, outside every handler of ours, and does not
 * say which process it was; nothing of ours was running.
 *
 * @param thrown of the event `uncaughtException`.
 * @returns whether it was that.
 */
export function blameEngines(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !READER.test(framesOf(thrown)[0] ?? '') || open.size === 0) return false;
  for (const channel of open) channel.kill('bad_reply', 'An engine process sent bytes that are not a message.');
  return true;
}
