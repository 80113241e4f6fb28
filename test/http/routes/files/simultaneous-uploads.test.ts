import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { request as ask, type ClientRequest } from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BatchClient, batchFolder } from '../../../support/batches.ts';
import { readMetrics } from '../../../support/read-metrics.ts';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { until } from '../../../support/supervised-engine.ts';

const HEAD =
  '--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n' +
  '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
const TAIL = '\r\n--x--\r\n';
const FILE = 200_000;
/** What is promised of a file: with the form around it. */
const LENGTH = HEAD.length + FILE + TAIL.length;
/** Room for so many. */
const ROOM = 4;

/** An upload that a test sends in parts. */
class Upload {
  readonly status: Promise<number>;
  private readonly request: ClientRequest;

  constructor(url: string, hasLength: boolean) {
    this.request = ask(`${url}/v1/files`, {
      method: 'POST',
      headers: {
        'content-type': 'multipart/form-data; boundary=x',
        ...(hasLength ? { 'content-length': LENGTH } : { 'transfer-encoding': 'chunked' }),
      },
    });
    this.status = new Promise((resolve) => {
      // Who is refused before all is sent may find the connection closed.
      this.request.on('error', () => resolve(0));
      this.request.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    });
    this.request.write(HEAD + 'x'.repeat(FILE / 2));
  }

  finish(): Promise<number> {
    this.request.end('x'.repeat(FILE / 2) + TAIL);
    return this.status;
  }

  abort(): void {
    this.request.destroy();
  }
}

describe('Uploads that come at the same time', () => {
  const place = batchFolder();
  let service: RunningService;
  before(async () => {
    service = await startService({ batchDir: place.folder, batchMaxStoredBytes: ROOM * LENGTH });
  });
  after(async () => {
    await service.close();
    place.remove();
  });

  const stored = async () => (await readMetrics(service.url)).get('hotvec_batch_api_stored_bytes');
  const begin = (count: number, hasLength = true) =>
    Array.from({ length: count }, () => new Upload(service.url, hasLength));
  const removeAll = async () => {
    const client = new BatchClient(service.url);
    const { data } = (await (await client.ask('GET', '/v1/files')).json()) as { data: { id: string }[] };
    for (const { id } of data) assert.equal((await client.ask('DELETE', `/v1/files/${id}`)).status, 200);
  };

  it('succeed as far as there is room, and the others are refused at once', async () => {
    const first = begin(ROOM);
    await until(async () => (await stored()) === ROOM * LENGTH);
    for (const late of begin(3)) {
      assert.equal(await late.status, 507);
      late.abort();
    }
    assert.deepEqual(await Promise.all(first.map((upload) => upload.finish())), Array(ROOM).fill(200));
    assert.equal(await stored(), ROOM * FILE, 'the form around the files counts no longer');
    await removeAll();
    assert.equal(await stored(), 0);
  });

  it('that are given up leave their room to others', async () => {
    const first = begin(ROOM);
    await until(async () => (await stored()) === ROOM * LENGTH);
    for (const upload of first) upload.abort();
    await until(async () => (await stored()) === 0);
    const second = begin(ROOM);
    assert.deepEqual(await Promise.all(second.map((upload) => upload.finish())), Array(ROOM).fill(200));
    await removeAll();
  });

  it('without a length count as they come', async () => {
    const [one, two] = begin(2, false) as [Upload, Upload];
    // A promised one leaves them what they have and no more.
    await until(async () => (await stored()) === FILE);
    const rest = begin(ROOM - 1);
    await until(async () => (await stored()) === FILE + (ROOM - 1) * LENGTH);
    assert.equal(await one.finish(), 507);
    assert.equal(await two.finish(), 200);
    assert.deepEqual(await Promise.all(rest.map((upload) => upload.finish())), Array(ROOM - 1).fill(200));
    await removeAll();
    assert.deepEqual(readdirSync(path.join(place.folder, 'files')), []);
  });
});
