import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../support/running-service.ts';

const SECRET = 'planted7f3a';
const KEY = `key-${SECRET}`;

describe('what clients send', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const file = path.join(folder, 'keys');
    writeFileSync(file, `# who may ask\nsearch:${createHash('sha256').update(KEY).digest('hex')}\n`);
    service = await startService({ apiKeysFile: file, logLevel: 'trace', maxBodyBytes: 20_000 });
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  it('is in no byte of logs, metrics and error answers', async () => {
    const authorization = `Bearer ${KEY}`;
    const answers: string[] = [];
    const post = async (body: unknown, headers = {}, at = '/v1/embeddings') => {
      const response = await service.post(at, body, { authorization, ...headers });
      if (response.status !== 200) answers.push(await response.text());
      return response.status;
    };
    assert.equal(await post({ input: SECRET }), 200);
    assert.equal(await post({ input: [SECRET, `${SECRET} again`], instruction: SECRET, user: SECRET }), 200);
    assert.equal(await post({ queries: SECRET, documents: [SECRET], top_k: 1 }, {}, '/v1/similarity'), 200);
    for (const [body, headers] of [
      [{ input: SECRET, model: SECRET }],
      [{ input: [SECRET, ''] }],
      [{ input: [SECRET, 1] }],
      [{ input: `${SECRET}\ud800` }],
      [{ input: SECRET, [`field ${SECRET}`]: 1 }],
      [{ input: SECRET, encoding_format: SECRET }],
      [{ input: SECRET, truncate: SECRET }],
      [{ input: SECRET, dimensions: SECRET }],
      [`{"input": "${SECRET}`],
      [`{"input": "${SECRET}", "__proto__": {"a": "${SECRET}"}}`],
      [{ input: `${SECRET} `.repeat(5_000) }],
      [{ input: SECRET }, { authorization: `Bearer ${SECRET}` }],
      [{ input: SECRET }, { 'content-type': `text/${SECRET}` }],
      [{ input: SECRET }, { 'content-encoding': SECRET }],
      [{ input: SECRET }, { 'x-deadline-ms': SECRET }],
      [{ input: SECRET }, { 'x-expect-fingerprint': SECRET }],
      [{ input: SECRET }, { 'x-request-id': `${SECRET} not an id` }],
    ] as [unknown, Record<string, string>?][]) {
      await post(body, headers);
    }
    await post({ input: SECRET }, {}, `/v1/${SECRET}?q=${SECRET}`);
    await fetch(`${service.url}/v1/models/${SECRET}?${SECRET}=1`, { headers: { authorization } }).then(
      async (response) => {
        answers.push(await response.text());
      },
    );
    const metrics = await (await fetch(`${service.url}/metrics`, { headers: { authorization } })).text();
    assert.ok(answers.length >= 17, `${answers.length}`);
    for (const [where, text] of Object.entries({ log: service.log(), metrics, answers: answers.join('\n') })) {
      assert.ok(text.length > 1_000, where);
      assert.ok(
        !text.includes(SECRET),
        `${where}: …${text.slice(Math.max(0, text.indexOf(SECRET) - 200), text.indexOf(SECRET) + 50)}`,
      );
    }
    assert.match(service.log(), /"key":"search"/, 'the name of the key is logged');
  });
});
