import { listFiles, modelInfo } from '@huggingface/hub';
import { StartError } from '../../errors.ts';
import { explainNonsense } from './explain-failure.ts';
import type { Hub, HubFile, HubResponse, Listing } from './hub.ts';
import { HubClient } from './hub-client.ts';
import { openBytes } from './open-bytes.ts';
import { type Wait, withRetries } from './retry.ts';

export interface HubOptions {
  endpoint: string;
  /** Empty: none. */
  token: string;
  wait: Wait;
}

/** The Hugging Face hub, or a mirror of it. */
export class HuggingFaceHub implements Hub {
  readonly title = 'Hugging Face';
  readonly defaultRevision = 'main';
  private readonly client: HubClient;
  private readonly wait: Wait;

  constructor({ endpoint, token, wait }: HubOptions) {
    this.wait = wait;
    this.client = new HubClient({
      title: this.title,
      endpoint: endpoint.replace(/\/+$/, ''),
      endpointSetting: 'HF_ENDPOINT',
      tokenSetting: 'HF_TOKEN',
      token,
      authorize: (secret) => ({ authorization: `Bearer ${secret}` }),
    });
  }

  async list(repository: string, revision: string): Promise<Listing> {
    const { endpoint } = this.client.options;
    // The token is not given to the library, which takes only those that begin with hf_: `get` adds it.
    const get = (url: unknown, init?: { headers?: Record<string, string> }) =>
      withRetries(() => this.client.get(String(url), repository, init?.headers), this.wait);
    const options = { hubUrl: endpoint, fetch: get as unknown as typeof fetch };
    try {
      const { sha } = await modelInfo({ ...options, name: repository, revision, additionalFields: ['sha'] });
      if (!/^[0-9a-f]{40}$/.test(sha)) throw new SyntaxError('no commit');
      const files: HubFile[] = [];
      const repo = { type: 'model', name: repository } as const;
      for await (const { type, path, size, oid, lfs } of listFiles({
        ...options,
        repo,
        revision: sha,
        recursive: true,
      })) {
        if (type !== 'file') continue;
        if (lfs) files.push({ path, size: lfs.size, algorithm: 'sha256', digest: lfs.oid });
        else files.push({ path, size, algorithm: 'git-sha1', digest: oid as string });
      }
      return { repository, revision: sha, files };
    } catch (error) {
      if (error instanceof StartError) throw error;
      throw new StartError(explainNonsense(repository, this.client.options));
    }
  }

  open({ repository, revision }: Listing, file: HubFile, offset: number): Promise<HubResponse> {
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const url = `${this.client.options.endpoint}/${repository}/resolve/${revision}/${path}`;
    return openBytes(this.client, url, repository, offset);
  }
}
