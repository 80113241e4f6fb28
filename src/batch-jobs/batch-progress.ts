import type { BatchJob } from './batch-job.ts';
import { lineIdPrefix } from './batch-job.ts';
import type { FileStore } from './file-store.ts';
import type { JobStore } from './job-store.ts';
import { type JournalFiles, readProgress } from './line-journal.ts';

/** The files that a batch writes its answers to. */
export function journalFiles({ outputFileId, errorFileId }: BatchJob, files: FileStore): JournalFiles {
  return { output: files.pathOf(outputFileId), errors: files.pathOf(errorFileId) };
}

/**
 * How far the batches are that the server before left: their files say, which may take a while to read. A batch may have to
 * wait for its turn much longer.
 */
export class BatchProgress {
  private readonly counted = new Map<string, Promise<void>>();

  /** Begins to read, one batch after the other. */
  constructor(jobs: JobStore, files: FileStore) {
    let before: Promise<void> = Promise.resolve();
    for (const job of jobs.unfinished().filter(({ status }) => status !== 'validating')) {
      before = before.then(async () => {
        // Where they cannot be read now, whoever runs the batch will say so.
        const found = await readProgress(journalFiles(job, files), lineIdPrefix(job)).catch(() => undefined);
        if (found !== undefined) jobs.tellFirst(job.id, found);
        this.counted.delete(job.id);
      });
      this.counted.set(job.id, before);
    }
  }

  /** Resolves when it is known how far the batch is. */
  async of(id: string): Promise<void> {
    await this.counted.get(id);
  }
}
