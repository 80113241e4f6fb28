import { createHash } from 'node:crypto';
import { StartError } from '../../errors.ts';
import { explainStatus } from './explain-failure.ts';
import type { Hub, HubFile, HubResponse, Listing } from './hub.ts';
import { type HubAccess, HubClient } from './hub-client.ts';
import type { OnRetry } from './retry.ts';

/** The parts read here of `GET /api/v1/models/{id}/repo/files` (public API; its SDK is modelscope/hub/api.py). */
interface FilesAnswer {
  Code?: number;
  Data?: {
    /** null for a revision that does not exist: the status is 200 even so. */
    Files?: { Type?: string; Path?: string; Size?: number; Sha256?: string; Revision?: string }[] | null;
    LatestCommitter?: { Id?: string; ShortId?: string } | null;
  } | null;
}

/** modelscope.cn, or modelscope.ai. */
export class ModelScopeHub implements Hub {
  readonly title = 'ModelScope';
  readonly defaultRevision = 'master';
  private readonly client: HubClient;

  constructor(access: HubAccess) {
    this.client = new HubClient({
      ...access,
      title: this.title,
      endpointSetting: 'MODELSCOPE_ENDPOINT',
      tokenSetting: 'MODELSCOPE_API_TOKEN',
      // Its SDK sends the token as this cookie; newer routes read the header.
      authorize: (secret) => ({ authorization: `Bearer ${secret}`, cookie: `m_session_id=${secret}` }),
    });
  }

  async list(repository: string, revision: string, onRetry: OnRetry): Promise<Listing> {
    const url = `${this.repositoryUrl(repository)}/repo/files?Revision=${encodeURIComponent(revision)}&Recursive=true`;
    const response = await this.client.getSmall(url, repository, onRetry);
    const answer = (await response.json().catch(() => undefined)) as FilesAnswer | undefined;
    if (answer?.Data == null) throw this.client.nonsense(repository);
    const { Files: entries, LatestCommitter: head } = answer.Data;
    if (entries != null && !Array.isArray(entries)) throw this.client.nonsense(repository);
    if (entries == null) {
      const found = { status: 200, code: 'RevisionNotFound', subject: repository };
      throw new StartError(explainStatus(found, this.client.options).replace(' (200)', ''));
    }
    const files = entries
      .filter((entry) => entry?.Type === 'blob')
      .map(({ Path, Size, Sha256, Revision }): HubFile => {
        const digest = String(Sha256).toLowerCase();
        const file: HubFile = { path: Path as string, size: Size as number, algorithm: 'sha256', digest };
        // A file's own revision is the commit that last changed it: it never moves, where a branch does.
        return Revision === undefined || Revision === '' ? file : { ...file, revision: Revision };
      });
    return { repository, revision: commitOf(head, files), files };
  }

  open(listing: Listing, file: HubFile, offset: number): Promise<HubResponse> {
    const query = new URLSearchParams({ Revision: file.revision ?? listing.revision, FilePath: file.path });
    return this.client.open(`${this.repositoryUrl(listing.repository)}/repo?${query}`, listing.repository, offset);
  }

  private repositoryUrl(repository: string): string {
    return `${this.client.options.endpoint}/api/v1/models/${repository}`;
  }
}

/**
 * The commit of a listing. The API often leaves `Id` empty and gives the first eight digits in `ShortId`; the whole id
 * then is that of the files which this commit changed, or stays short where those are gone again.
 *
 * @returns hexadecimal digits; without any word of a commit: a digest of the listing, which names it as well.
 */
function commitOf(head: { Id?: string; ShortId?: string } | null | undefined, files: readonly HubFile[]): string {
  const id = String(head?.Id || head?.ShortId || '').toLowerCase();
  if (/^[0-9a-f]{40}$/.test(id)) return id;
  if (/^[0-9a-f]{7,39}$/.test(id)) {
    return (
      files.find(({ revision }) => /^[0-9a-f]{40}$/.test(revision ?? '') && String(revision).startsWith(id))
        ?.revision ?? id
    );
  }
  const contents = files.map(({ path, digest }) => `${digest} ${path}`).sort();
  return createHash('sha1').update(contents.join('\n')).digest('hex');
}
