import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { publicErrorCodes } from '../../src/http/answers/error-table.ts';
import { packageRoot } from '../../src/package-info.ts';
import { operations, resolveReference } from '../http/openapi/openapi-document.ts';
import { startEmbedderAndReranker } from '../support/embedder-and-reranker.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { difference, pageExamples } from './page-examples.ts';

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const page = read('docs/api.md');
const code = codeOf(page);
const forOperators = new Set(['health', 'operations']);
/** Pages whose requests are sent, and the fewest that they have. */
const pages = { 'docs/api.md': 7, 'docs/dialects.md': 3, 'docs/reranking.md': 1, 'README.md': 3 };

describe('Requests that the documentation shows', () => {
  let service: RunningService;
  let withReranker: RunningService;
  before(async () => {
    service = await startService();
    withReranker = await startEmbedderAndReranker();
  });
  after(() => Promise.all([service.close(), withReranker.close()]));

  for (const [file, fewest] of Object.entries(pages)) {
    const examples = pageExamples(read(file));
    it(`${file} has some`, () => assert.ok(examples.length >= fewest, `${examples.length}`));
    for (const { method, path: route, headers, body, answer } of examples) {
      it(`${file}: ${method} ${route} ${body ?? ''}: answered as shown`, async () => {
        const { url } = route.includes('rerank') ? withReranker : service;
        const response = await fetch(url + route, { method, headers, body: body ?? null });
        const answered = JSON.parse(await response.text());
        if (answer === null) assert.equal(response.status, 200, JSON.stringify(answered));
        else assert.equal(difference(answer, answered), null, JSON.stringify(answered).slice(0, 2000));
      });
    }
  }

  it('the comparison would notice a wrong answer', () => {
    assert.equal(difference({ a: [1, '…'] }, { a: [1.00001, 2] }), null);
    assert.equal(difference({ a: [1, '…'] }, { a: [1.01, 2] }), '$.a.0');
    assert.equal(difference(0.00014, 0.00015), '$');
    assert.equal(difference({ a: 1 }, { a: 1, b: 2 }), '$');
    assert.equal(difference({ a: 'x…' }, { a: 'yz' }), '$.a');
    assert.equal(difference([1, 2], [1]), '$');
  });
});

describe('docs/api.md', () => {
  it('shows every route for vectors and models', () => {
    for (const { route, operation } of operations.filter(({ operation }) => isCovered(operation.tags))) {
      assert.ok(page.includes(`\`${route}\``) || page.includes(` ${route}`), `${operation.operationId} ${route}`);
    }
  });

  it('names every field and header of those routes', () => {
    const names = new Set<string>();
    for (const { operation } of operations.filter(({ operation }) => isCovered(operation.tags))) {
      for (const { name } of operation.parameters ?? []) names.add(name);
      collect(operation.requestBody, names);
      for (const response of Object.values(operation.responses)) collect(response, names);
    }
    assert.ok(names.size > 50, `${names.size}`);
    assert.deepEqual(
      [...names].filter((name) => !wordsOf(name).every((word) => code.has(word))),
      [],
    );
  });

  it('names every error code', () => {
    assert.deepEqual(
      publicErrorCodes.filter((one) => !code.has(one)),
      [],
    );
  });
});

describe('docs/dialects.md', () => {
  it('names every route and every field that a dialect takes', () => {
    const dialects = read('docs/dialects.md');
    const inCode = codeOf(dialects);
    const own = operations.filter(
      ({ operation: { tags } }) => !isCovered(tags) && !tags.some((tag) => forOperators.has(tag)),
    );
    assert.ok(own.length >= 8, `${own.length}`);
    for (const { route, operation } of own) {
      assert.ok(dialects.includes(route), route);
      const fields = new Set<string>();
      const { schema } = operation.requestBody?.content['application/json'] ?? {};
      // Of several forms the first is the dialect's, the other one of docs/api.md.
      const [own = schema] = (schema as { anyOf?: object[] } | undefined)?.anyOf ?? [];
      collect(own, fields);
      assert.deepEqual(
        [...fields].filter((field) => !inCode.has(field)),
        [],
        route,
      );
    }
  });
});

/** Of `expires_after[anchor]`, a field of a form, both. */
function wordsOf(name: string): string[] {
  return name.match(/[\w-]+/g) ?? [];
}

/** What a page says in code: names of fields, headers and codes. */
function codeOf(text: string): Set<string> {
  return new Set([...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, words = '']) => words.split(/[^\w-]+/)));
}

function isCovered(tags: string[]): boolean {
  return ['embeddings', 'reranking', 'batches', 'models'].some((tag) => tags.includes(tag));
}

/** Names of properties and headers, wherever they are in a part of the document. */
function collect(node: unknown, names: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === '$ref') collect(resolveReference(value as string), names);
    if (key === 'properties' || key === 'headers') for (const name of Object.keys(value)) names.add(name);
    if (key !== 'example' && key !== 'examples') collect(value, names);
  }
}
