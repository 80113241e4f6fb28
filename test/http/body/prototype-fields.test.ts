import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LARGE_BODY_BYTES } from '../../../src/http/body/large-bodies.ts';
import { errorOf } from '../answers.ts';
import { buildStubApp, type StubApp } from '../stub-service.ts';

const bodies = { '/v1/embeddings': '"input":"a"', '/v1/similarity': '"queries":"a","documents":"b"' };

describe('A field named as a part of prototypes', () => {
  let stub: StubApp;
  before(async () => {
    stub = await buildStubApp();
  });
  after(() => stub.close());

  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    it(`${name} is an unknown field (it was called invalid JSON), and pollutes nothing`, async () => {
      for (const [path, fields] of Object.entries(bodies)) {
        for (const space of ['', ' '.repeat(LARGE_BODY_BYTES)]) {
          const response = await stub.fetch(path, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: `${space}{${fields},"${name}":{"prototype":{"dimensions":2},"dimensions":2}}`,
          });
          assert.equal(response.status, 400);
          const { code, param } = await errorOf(response);
          assert.deepEqual([code, param], ['unknown_field', name]);
        }
      }
      assert.equal(Reflect.get({}, 'dimensions'), undefined);
      assert.equal(stub.embedCalls(), 0);
    });
  }
});
