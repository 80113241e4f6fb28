import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HubClient } from '../../../src/model-files/hub/hub-client.ts';
import { LocalHub } from '../../support/local-hub.ts';

let hub: LocalHub;
const connect = (smallAnswerMs?: number) =>
  new HubClient({
    title: 'Hugging Face',
    endpoint: hub.url,
    endpointSetting: 'HF_ENDPOINT',
    tokenSetting: 'HF_TOKEN',
    token: 'hf_secret',
    authorize: (token) => ({ authorization: `Bearer ${token}` }),
    wait: async () => {},
    ...(smallAnswerMs === undefined ? {} : { smallAnswerMs }),
  });

describe('HubClient', () => {
  beforeEach(async () => {
    hub = await LocalHub.start();
  });
  afterEach(() => hub.close());

  it('sends the token to the hub itself, not to another host that a page of the API leads to', async () => {
    const client = connect();
    for (const url of [hub.url, hub.storageUrl]) await client.open(`${url}/anything`, 'a/b', 0).catch(() => {});
    assert.deepEqual(
      hub.requests.map(({ host, authorization }) => [host, authorization]),
      [
        ['hub', 'Bearer hf_secret'],
        ['storage', undefined],
      ],
    );
  });

  it('does not wait for a small answer that comes byte by byte', async () => {
    hub.faults.push({ match: /anything/, drip: true });
    const reasons: string[] = [];
    await assert.rejects(
      connect(300).getSmall(`${hub.url}/anything`, 'a/b', (reason) => reasons.push(reason)),
      { name: 'StartError', message: /cannot be reached for a\/b: the response did not finish in time/ },
    );
    assert.deepEqual([...new Set(reasons)], ['the response did not finish in time']);
  });
});
