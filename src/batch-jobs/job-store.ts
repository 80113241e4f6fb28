import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from '../durable/write-durably.ts';
import { HotvecError } from '../errors.ts';
import { type BatchJob, hasEnded } from './batch-job.ts';
import type { JournalProgress } from './line-journal.ts';
import { byAge } from './list-place.ts';
import { readRecord } from './read-record.ts';

const SUFFIX = '.json';

/** All batches: in memory, and each in a file of its own, which is written whenever its status changes. */
export class JobStore {
  private readonly folder: string;
  private readonly jobs = new Map<string, BatchJob>();

  /** Batches of the server before of which nobody has said how far they are. */
  private readonly untold = new Set<string>();
  private lastChange: Promise<unknown> = Promise.resolve();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws {Error} of the file system. */
  static async open(folder: string): Promise<JobStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const store = new JobStore(folder);
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name);
      // One that was being written when the server ended.
      if (!name.endsWith(SUFFIX)) await rm(file, { force: true });
      else {
        const job = await readRecord<BatchJob>(file);
        store.jobs.set(job.id, job);
        store.untold.add(job.id);
      }
    }
    return store;
  }

  /** Oldest first. */
  all(): BatchJob[] {
    return [...this.jobs.values()].sort(byAge);
  }

  unfinished(): BatchJob[] {
    return this.all().filter((job) => !hasEnded(job));
  }

  /** Whether a batch that has not ended needs the file. */
  isRead(fileId: string): boolean {
    return this.unfinished().some(({ inputFileId }) => inputFileId === fileId);
  }

  /** @throws {HotvecError} batch_not_found, also for a batch of somebody else. */
  find(id: string, owner: string | null): BatchJob {
    const job = this.jobs.get(id);
    if (job !== undefined && job.owner === owner) return job;
    throw new HotvecError('batch_not_found', 'There is no batch with this id.', { param: 'batch_id' });
  }

  /** As it is now. */
  get(id: string): BatchJob {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error(`there is no batch ${id}`);
    return job;
  }

  /** @throws {Error} of the file system; there is no such batch then. */
  async add(job: BatchJob): Promise<void> {
    await this.write(job);
  }

  /**
   * Changes a batch, after the changes that were asked for before.
   * @param change gives what is different; nothing is written where it gives undefined.
   * @throws {Error} of the file system; nothing has changed then.
   */
  update(id: string, change: (job: BatchJob) => Partial<BatchJob> | undefined): Promise<BatchJob> {
    const done = this.lastChange.then(async () => {
      const job = this.get(id);
      const changes = change(job);
      return changes === undefined ? job : this.write({ ...job, ...changes });
    });
    this.lastChange = done.catch(() => {});
    return done;
  }

  /** How far a batch is by now. It is not written: the batch's files say the same. */
  tell(id: string, { completed, failed, tokens }: JournalProgress): void {
    const job = this.get(id);
    Object.assign(job.counts, { completed, failed });
    job.tokens = tokens;
    this.untold.delete(id);
  }

  /** The same, found while the batch may have begun to run: then what was told since holds. */
  tellFirst(id: string, progress: JournalProgress): void {
    if (this.untold.has(id) && this.jobs.has(id)) this.tell(id, progress);
  }

  async remove({ id }: BatchJob): Promise<void> {
    await rm(path.join(this.folder, id + SUFFIX), { force: true });
    this.jobs.delete(id);
  }

  private async write(job: BatchJob): Promise<BatchJob> {
    await writeDurably(path.join(this.folder, job.id + SUFFIX), JSON.stringify(job), 0o600);
    this.jobs.set(job.id, job);
    return job;
  }
}
