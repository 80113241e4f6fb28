import { listFiles, modelInfo } from '@huggingface/hub';
import { StartError } from '../../errors.ts';
import type { Hub, HubFile, HubResponse, Listing } from './hub.ts';
import { type HubAccess, HubClient } from './hub-client.ts';
import type { OnRetry } from './retry.ts';

/** Most answers that a list is read from: a page holds 1,000 files (REST API, "tree"), and that is a large repository. */
const MAX_ANSWERS = 200;

/** The Hugging Face hub, or a mirror of it. */
export class HuggingFaceHub implements Hub {
  readonly title = 'Hugging Face';
  readonly defaultRevision = 'main';
  private readonly client: HubClient;

  constructor(access: HubAccess) {
    this.client = new HubClient({
      ...access,
      title: this.title,
      endpointSetting: 'HF_ENDPOINT',
      tokenSetting: 'HF_TOKEN',
      authorize: (secret) => ({ authorization: `Bearer ${secret}` }),
    });
  }

  async list(repository: string, revision: string, onRetry: OnRetry): Promise<Listing> {
    const { endpoint } = this.client.options;
    let answers = 0;
    // The token is not given to the library, which takes only those that begin with hf_: `get` adds it.
    const get = (url: unknown, init?: { headers?: Record<string, string> }) => {
      answers += 1;
      if (answers > MAX_ANSWERS) throw endless;
      return this.client.getSmall(String(url), repository, onRetry, init?.headers);
    };
    const options = { hubUrl: endpoint, fetch: get as unknown as typeof fetch };
    const endless = new StartError(
      `${this.title}: the hub's file list for ${repository} is damaged: it does not end. Check HF_ENDPOINT, or use another mirror.`,
    );
    try {
      const { sha } = await modelInfo({ ...options, name: repository, revision, additionalFields: ['sha'] });
      if (!/^[0-9a-f]{40}$/.test(sha)) throw new SyntaxError('no commit');
      const files: HubFile[] = [];
      const seen = new Set<string>();
      const repo = { type: 'model', name: repository } as const;
      for await (const { type, path, size, oid, lfs } of listFiles({
        ...options,
        repo,
        revision: sha,
        recursive: true,
      })) {
        // A hub whose pages lead in a circle.
        if (seen.has(path)) throw endless;
        seen.add(path);
        if (type !== 'file') continue;
        if (lfs) files.push({ path, size: lfs.size, algorithm: 'sha256', digest: lfs.oid });
        else files.push({ path, size, algorithm: 'git-sha1', digest: oid as string });
      }
      return { repository, revision: sha, files };
    } catch (error) {
      throw error instanceof StartError ? error : this.client.nonsense(repository);
    }
  }

  open({ repository, revision }: Listing, file: HubFile, offset: number): Promise<HubResponse> {
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const url = `${this.client.options.endpoint}/${repository}/resolve/${revision}/${path}`;
    return this.client.open(url, repository, offset);
  }
}
