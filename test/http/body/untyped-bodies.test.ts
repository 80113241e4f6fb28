import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type StubService, startStubService } from '../stub-service.ts';

interface Answer {
  status: number | undefined;
  body: string;
}

const ollama: [path: string, body: string][] = [
  ['/api/embed', '{"model":"stub","input":"x"}'],
  ['/api/embeddings', '{"model":"stub","prompt":"x"}'],
  ['/api/show', '{"model":"stub"}'],
  ['/api/pull', '{"model":"stub"}'],
];
/** Voyage's API in LiteLLM 1.110.2, whose `api_base` has no /v1 then. */
const litellm: [path: string, body: string] = [
  '/embeddings',
  '{"model":"stub","input":["x"],"truncation":true,"output_dimension":2}',
];
/** As curl sends `-d`, and as clients send that never say what they send (Weaviate's text2vec-ollama). */
const untyped: Record<string, string>[] = [
  {},
  { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'curl/8.14.1', accept: '*/*' },
  { 'content-type': 'Application/X-WWW-Form-URLencoded; charset=utf-8' },
];

describe('A body without content-type: application/json', () => {
  let stub: StubService;
  let keyed: StubService;
  before(async () => {
    stub = await startStubService({ config: { maxBodyBytes: 2 ** 20 } });
    keyed = await startStubService({ keys: { someone: 'secret' } });
  });
  after(() => Promise.all([stub.close(), keyed.close()]));

  /** By hand: fetch sends headers of browsers. */
  async function post(url: string, body: string, headers: Record<string, string>): Promise<Answer> {
    const sent = httpRequest(url, { method: 'POST', headers });
    const answered = new Promise<Answer>((resolve, reject) => {
      sent.once('error', reject).once('response', async (response) => {
        resolve({ status: response.statusCode, body: await text(response) });
      });
    });
    sent.end(body);
    return answered;
  }

  it('is read as JSON on the routes of Ollama, whose own clients and examples send it so', async () => {
    for (const [path, body] of ollama) {
      for (const headers of untyped) {
        const { status, body: answer } = await post(stub.url + path, body, headers);
        assert.equal(status, 200, `${path} ${JSON.stringify(headers)}: ${answer}`);
      }
      const chunked = await post(stub.url + path, body, { 'transfer-encoding': 'chunked' });
      assert.equal(chunked.status, 200);
    }
  });

  it('is read on /embeddings, where LiteLLM sends it so; not where a page may have sent it', async () => {
    const [path, body] = litellm;
    assert.equal((await post(stub.url + path, body, {})).status, 200);
    for (const mark of [{ origin: 'https://evil.example' }, { 'sec-fetch-mode': 'no-cors' }]) {
      assert.equal((await post(stub.url + path, body, mark)).status, 415);
    }
  });

  it('is read with all the checks of a typed one', async () => {
    const url = `${stub.url}/api/embed`;
    for (const [body, headers, status] of [
      ['{', {}, 400],
      ['input=x&model=stub', untyped[1], 400],
      ['{"model":"stub","input":"x","nonsense":1}', {}, 400],
      [`{"model":"stub","input":"${'x'.repeat(2 ** 20)}"}`, {}, 413],
      ['{"model":"stub","input":"x"}', { 'content-encoding': 'gzip' }, 415],
      ['{"model":"stub","input":"x"}', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }, 415],
    ] as [string, Record<string, string>, number][]) {
      assert.equal((await post(url, body, headers)).status, status, body.slice(0, 60));
    }
    // Read in the worker thread.
    const large = JSON.stringify({ model: 'stub', input: Array(600).fill('x'.repeat(600)) });
    assert.equal((await post(url, large, {})).status, 200);
    assert.equal((await post(`${keyed.url}/api/embed`, '{"model":"stub","input":"x"}', {})).status, 401);
  });

  it('is refused where a page in a browser may have sent it, whatever it leaves out', async () => {
    const marks: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:8080' },
      { referer: 'https://evil.example/page' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-dest': 'empty' },
      { 'sec-ch-ua': '"Chromium";v="140"' },
      { 'sec-gpc': '1' },
    ];
    for (const [path, body] of ollama) {
      for (const mark of marks) {
        for (const headers of untyped) {
          const { status, body: answer } = await post(stub.url + path, body, { ...headers, ...mark });
          assert.equal(status, 415, JSON.stringify({ ...headers, ...mark }));
          assert.match(answer, /^\{"error":"The request body must be JSON, sent with content-type/);
        }
      }
    }
    // Requests that need a preflight are not affected.
    const typed = { 'content-type': 'application/json', origin: 'http://127.0.0.1:8080' };
    assert.equal((await post(`${stub.url}/api/show`, '{"model":"stub"}', typed)).status, 200);
  });

  it("is read where Node's fetch sends it, which has one header of a browser", async () => {
    for (const [path, body] of ollama) {
      const response = await fetch(stub.url + path, { method: 'POST', body: new Blob([body]) });
      assert.equal(response.status, 200, await response.text());
      const ofPages: Record<string, string>[] = [
        { origin: 'null' },
        { 'sec-fetch-site': 'same-site' },
        { referer: 'http://a/' },
      ];
      for (const mark of ofPages) {
        assert.equal((await post(stub.url + path, body, { 'sec-fetch-mode': 'cors', ...mark })).status, 415);
      }
    }
  });

  it('is refused where it says what else it is, and on every other route', async () => {
    for (const type of [
      'text/plain',
      'text/plain;charset=UTF-8',
      'multipart/form-data; boundary=x',
      'application/xml',
    ]) {
      const { status } = await post(`${stub.url}/api/show`, '{"model":"stub"}', { 'content-type': type });
      assert.equal(status, 415, type);
    }
    for (const [path, body] of [
      ['/v1/embeddings', '{"input":"x"}'],
      ['/embed', '{"inputs":"x"}'],
      ['/', '{"inputs":"x"}'],
      ['/v2/embed', '{"model":"stub","texts":["x"],"input_type":"clustering"}'],
    ] as [string, string][]) {
      for (const headers of untyped) assert.equal((await post(stub.url + path, body, headers)).status, 415, path);
    }
    assert.equal((await post(`${stub.url}/api/chat`, '{}', {})).status, 404);
    assert.equal((await post(`${stub.url}/nothing`, '{}', untyped[1] as Record<string, string>)).status, 404);
  });
});
