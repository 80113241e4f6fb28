import { timeOfId } from './batch-job.ts';

/** Where something stands in a list. */
export interface ListPlace {
  id: string;
  createdAt: number;
}

/** In the order of lists, oldest first. */
export function byAge(a: ListPlace, b: ListPlace): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/**
 * Where a batch stands in lists, or stood.
 * @returns undefined: there was never a batch with this id.
 */
export function placeOfBatch(id: string): ListPlace | undefined {
  const createdAt = timeOfId(id, 'batch_');
  return createdAt === undefined ? undefined : { id, createdAt };
}

/** Two of the longest pages of a list. */
const MOST = 20_000;

/** Where the files that were removed last stood in lists: who pages through a list may delete what it has seen. */
export class RemovedPlaces {
  private readonly createdAt = new Map<string, number>();

  remember({ id, createdAt }: ListPlace): void {
    this.createdAt.set(id, createdAt);
    const [oldest = ''] = this.createdAt.keys();
    if (this.createdAt.size > MOST) this.createdAt.delete(oldest);
  }

  /** @returns undefined: there was never a file with this id. */
  placeOf(id: string): ListPlace | undefined {
    // Of one that was removed long ago, or before a restart, it is known when its upload, or its batch, began.
    const createdAt = this.createdAt.get(id) ?? timeOfId(id, 'file-');
    return createdAt === undefined ? undefined : { id, createdAt };
  }
}
