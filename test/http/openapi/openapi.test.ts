import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { ErrorCode } from '../../../src/errors.ts';
import { publicErrorCodes } from '../../../src/http/answers/error-table.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { BatchClient, batchFolder, requestLine } from '../../support/batches.ts';
import { startEmbedderAndReranker } from '../../support/embedder-and-reranker.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { provokedErrors } from '../answers/provoked-errors.ts';
import {
  examplesOf,
  openapi,
  openapiFile,
  operations,
  resolveReference,
  responseOf,
  validatorOf,
} from './openapi-document.ts';

const script = path.join(packageRoot, 'dist', 'scripts', 'write-openapi.js');

function run(...args: string[]) {
  // Another machine, other settings: the document must not know.
  const environment = { ...process.env, MAX_INPUTS: '7', MAX_BODY_BYTES: '2048', HOST: '0.0.0.0', ALIASES: 'x' };
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: environment, cwd: os.tmpdir() });
}

describe('openapi.yaml', () => {
  it('is what the routes say, on any machine and with any settings', () => {
    const { status, stderr } = run('--check');
    assert.equal(status, 0, stderr);
  });

  it('is refused by --check when it is stale or missing', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-openapi-'));
    try {
      const copy = path.join(folder, 'copy.yaml');
      assert.match(run('--check', copy).stderr, /copy\.yaml is not what the routes say\. Run `npm run generate`/);
      assert.equal(run(copy).status, 0);
      assert.equal(readFileSync(copy, 'utf8'), readFileSync(openapiFile, 'utf8'));
      writeFileSync(copy, readFileSync(copy, 'utf8').replace('maxItems: 2048', 'maxItems: 2049'));
      const stale = run('--check', copy);
      assert.equal(stale.status, 1);
      assert.match(stale.stderr, /not what the routes say/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('resolves every $ref and uses every component', () => {
    const references = new Set(JSON.stringify(openapi).match(/(?<="\$ref":")[^"]+/g));
    for (const reference of references) assert.notEqual(resolveReference(reference), undefined, reference);
    for (const kind of ['schemas', 'responses'] as const) {
      for (const name of Object.keys(openapi.components[kind]))
        assert.ok(references.has(`#/components/${kind}/${name}`));
    }
  });

  it('has sound schemas, and examples that are valid by them', () => {
    for (const { operation } of operations) {
      const described = [
        ...Object.keys(operation.responses).map((status) => responseOf(operation, Number(status))),
        ...(operation.requestBody === undefined ? [] : [operation.requestBody]),
      ];
      for (const one of described) {
        const { schema } = Object.values(one.content)[0] as { schema: object };
        const validate = validatorOf(schema);
        for (const example of examplesOf(one).values()) assert.equal(validate(example), null, operation.operationId);
      }
      if (operation.requestBody?.content['application/json'] === undefined) continue;
      const names = [...examplesOf(operation.requestBody).keys()];
      assert.ok(names.length > 0, operation.operationId);
      assert.deepEqual([...examplesOf(responseOf(operation, 200)).keys()], names);
    }
  });

  it('names and describes every operation, parameter, header and answer', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    const tags = openapi.tags.map(({ name }) => name);
    for (const { route, operation } of operations) {
      assert.ok(operation.summary, route);
      assert.ok(operation.tags.every((tag) => tags.includes(tag)));
      const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters ?? [];
      assert.deepEqual(
        parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
        inPath,
      );
      for (const { name, description } of parameters) assert.ok(description, name);
      for (const status of Object.keys(operation.responses)) {
        const { description, headers = {} } = responseOf(operation, Number(status));
        assert.ok(description, `${route} ${status}`);
        assert.ok('x-request-id' in headers);
        for (const [name, header] of Object.entries(headers)) assert.ok(header.description, name);
      }
    }
    assert.deepEqual(openapi.security, [{ apiKey: [] }, {}]);
  });

  it('lists every error code a client can see', () => {
    for (const code of publicErrorCodes) assert.ok(openapi.info.description.includes(`| \`${code}\` |`), code);
  });
});

describe('A running service describes itself', () => {
  const place = batchFolder();
  let service: RunningService;
  let withReranker: RunningService;
  before(async () => {
    service = await startService({ batchDir: place.folder });
    withReranker = await startEmbedderAndReranker();
  });
  after(async () => {
    await Promise.all([service.close(), withReranker.close()]);
    place.remove();
  });
  const upload = () => new BatchClient(service.url).upload([requestLine('a', { input: 'x' })]);

  it('in /openapi.json and /openapi.yaml as in openapi.yaml', async () => {
    const json = await fetch(`${service.url}/openapi.json`);
    assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(await json.json(), openapi);
    const yaml = await fetch(`${service.url}/openapi.yaml`);
    assert.match(yaml.headers.get('content-type') ?? '', /^application\/yaml/);
    assert.deepEqual(parse(await yaml.text()), openapi);
  });

  for (const page of ['/docs', '/docs/']) {
    it(`in ${page}, a page that needs nothing from elsewhere`, async () => {
      const response = await fetch(service.url + page);
      assert.equal(response.status, 200);
      const html = await response.text();
      const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string);
      assert.ok(assets.length >= 5, html);
      for (const asset of assets) {
        const url = new URL(asset, service.url + page);
        assert.equal(url.origin, service.url, asset);
        const answer = await fetch(url);
        assert.equal(answer.status, 200, asset);
        await answer.arrayBuffer();
      }
      // What the scripts fetch, and what they must not.
      const base = `${service.url}/docs/`;
      assert.deepEqual(await (await fetch(`${base}json`)).json(), openapi);
      assert.match(await (await fetch(`${base}static/swagger-initializer.js`)).text(), /validatorUrl: null/);
    });
  }

  const withBodies = operations.filter(({ operation }) => operation.requestBody?.content['application/json']);
  for (const { route, operation } of withBodies) {
    it(`with examples of ${operation.operationId} that are what it answers`, async () => {
      const expected = examplesOf(responseOf(operation, 200));
      for (const [name, request] of examplesOf(operation.requestBody as { content: object } as never)) {
        const asked = route.endsWith('/rerank') ? withReranker : service;
        const input = route === '/v1/batches' ? { input_file_id: await upload() } : {};
        const answer = await (await asked.post(route, { ...(request as object), ...input })).json();
        assertAlike(decoded(answer), decoded(expected.get(name)));
      }
    });
  }

  it('with examples for every route that takes a body', () => assert.ok(withBodies.length >= 10));

  it('with examples of errors that it answers, to the letter', async () => {
    const described = Object.values(openapi.components.responses).flatMap((response) => [...examplesOf(response)]);
    assert.ok(described.length >= 10);
    for (const [code, example] of described) {
      const provoke = provokedErrors[code as ErrorCode];
      assert.ok(provoke, `no test provokes the example of ${code}`);
      assert.deepEqual(await provoke(service), example);
    }
  });
});

/** What differs from answer to answer: ids and times. */
const OF_THE_MOMENT = new Set(['id', 'total_duration', 'modified_at', 'input_file_id', 'created_at', 'expires_at']);

/** Vectors decoded: base64 of two numbers a rounding apart has nothing in common. */
function decoded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, field: unknown) => {
      if (OF_THE_MOMENT.has(key)) return typeof field;
      if (key !== 'embedding' || typeof field !== 'string') return field;
      const bytes = Buffer.from(field, 'base64');
      return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
    }),
  );
}

/**
 * Deep equality of JSON, numbers of vectors and scores within 2e-6 of themselves, or one step of int8: another processor
 * may sum in another order.
 */
function assertAlike(actual: unknown, expected: unknown): void {
  if (typeof expected === 'number') {
    const difference = Math.abs((actual as number) - expected);
    assert.ok(difference <= 2e-6 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
  } else if (typeof expected === 'object' && expected !== null) {
    assert.deepEqual(Object.keys(actual as object), Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) {
      const isInt8 = key === 'embedding' && Array.isArray(value) && value.every(Number.isInteger);
      if (isInt8)
        assert.ok(value.every((step, i) => Math.abs(step - (actual as { embedding: number[] }).embedding[i]!) <= 1));
      else assertAlike((actual as Record<string, unknown>)[key], value);
    }
  } else {
    assert.equal(actual, expected);
  }
}
