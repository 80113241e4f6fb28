import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HubClient } from '../../../src/model/hub/hub-client.ts';
import { LocalHub } from '../../support/local-hub.ts';

let hub: LocalHub;

describe('HubClient', () => {
  beforeEach(async () => {
    hub = await LocalHub.start();
  });
  afterEach(() => hub.close());

  it('sends the token to the hub itself, not to another host that a page of the API leads to', async () => {
    const client = new HubClient({
      title: 'Hugging Face',
      endpoint: hub.url,
      endpointSetting: 'HF_ENDPOINT',
      tokenSetting: 'HF_TOKEN',
      token: 'hf_secret',
      authorize: (token) => ({ authorization: `Bearer ${token}` }),
    });
    for (const url of [hub.url, hub.storageUrl]) await client.get(`${url}/anything`, 'a/b').catch(() => {});
    assert.deepEqual(
      hub.requests.map(({ host, authorization }) => [host, authorization]),
      [
        ['hub', 'Bearer hf_secret'],
        ['storage', undefined],
      ],
    );
  });
});
