import type { BatchJobs } from '../../batch-jobs/batch-jobs.ts';
import { HotvecError, invalidInput } from '../../errors.ts';

/** @throws {HotvecError} not_found, saying how the operator turns it on; insufficient_storage, where the folder was taken. */
export function batchesOf(batchJobs: BatchJobs | null): BatchJobs {
  if (batchJobs?.isLost) {
    throw new HotvecError('insufficient_storage', 'Another process has taken the folder of this server for batches.');
  }
  if (batchJobs !== null) return batchJobs;
  throw new HotvecError(
    'not_found',
    'The Batch API is off on this server. The operator turns it on by setting BATCH_DIR to a folder for its files.',
  );
}

/** What a list is asked for, as in the query of the URL. */
export interface PageQuery {
  after?: string | undefined;
  limit?: string | undefined;
  order?: string | undefined;
}

export interface PageLimits {
  /** Without a word about it. */
  usual: number;
  most: number;
}

/** A part of a list, as the OpenAI API pages it. */
export interface Page<Item> {
  object: 'list';
  data: Item[];
  first_id?: string;
  last_id?: string;
  has_more: boolean;
}

/**
 * @param items oldest first; the page has the newest first, unless it is asked for otherwise.
 * @throws {HotvecError} invalid_input.
 */
export function pageOf<Item extends { id: string }>(
  items: readonly Item[],
  { after, limit, order = 'desc' }: PageQuery,
  { usual, most }: PageLimits,
): Page<Item> {
  const count = limit === undefined ? usual : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw invalidInput(`limit must be an integer from 1 to ${most}.`, 'limit');
  }
  if (order !== 'asc' && order !== 'desc') throw invalidInput('order must be asc or desc.', 'order');
  const sorted = order === 'asc' ? items : items.toReversed();
  // What it names may be gone by now: ids sort by time.
  const isLater = ({ id }: Item) => after === undefined || (order === 'asc' ? id > after : id < after);
  const later = sorted.filter(isLater);
  const data = later.slice(0, count);
  const [first, last] = [data[0], data.at(-1)];
  return {
    object: 'list',
    data,
    ...(first === undefined || last === undefined ? {} : { first_id: first.id, last_id: last.id }),
    has_more: later.length > data.length,
  };
}
