import type { BatchJobs } from '../../batch-jobs/batch-jobs.ts';
import { byAge, type ListPlace } from '../../batch-jobs/list-place.ts';
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
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}

/**
 * @param items oldest first; the page has the newest first, unless it is asked for otherwise.
 * @param placeOf where the item is in the list that `after` names: whoever deletes what a page shows goes on behind what is gone.
 * @throws {HotvecError} invalid_input.
 */
export function pageOf<Item extends ListPlace>(
  items: readonly Item[],
  { after, limit, order = 'desc' }: PageQuery,
  { usual, most, placeOf }: PageLimits & { placeOf: (id: string) => ListPlace | undefined },
): Page<Item> {
  const count = limit === undefined ? usual : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw invalidInput(`limit must be an integer from 1 to ${most}.`, 'limit');
  }
  if (order !== 'asc' && order !== 'desc') throw invalidInput('order must be asc or desc.', 'order');
  const place = after === undefined ? undefined : placeOf(after);
  if (after !== undefined && place === undefined) {
    throw invalidInput('after must be the id of one that the list has, or had.', 'after');
  }
  const sorted = order === 'asc' ? items : items.toReversed();
  const sign = order === 'asc' ? 1 : -1;
  const later = place === undefined ? sorted : sorted.filter((item) => sign * byAge(item, place) > 0);
  const data = later.slice(0, count);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: later.length > data.length,
  };
}
