import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HotvecError } from '../../../src/errors.ts';
import { MAX_CONTAINERS, MAX_DEPTH, MAX_NAMES } from '../../../src/http/body/check-shape.ts';
import { parseBody } from '../../../src/http/body/parse-body.ts';

function codeOf(body: string | Buffer): string {
  try {
    parseBody(Buffer.from(body));
    return 'read';
  } catch (error) {
    const { code, message } = error as HotvecError;
    assert.equal(code, 'invalid_json');
    return message.startsWith('The request body has ') ? 'too much' : code;
  }
}

describe('parseBody()', () => {
  it('drops nulls of the top level, and no others', () => {
    assert.deepEqual(parseBody(Buffer.from('{"a":null,"b":[null],"c":{"d":null}}')), { b: [null], c: { d: null } });
  });

  it('takes names of prototypes for fields like others, and pollutes nothing (they were called invalid JSON)', () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      for (const value of ['1', '{"dimensions":32}', '{"prototype":{"dimensions":32}}', '[{"__proto__":{"a":1}}]']) {
        const body = parseBody(Buffer.from(`{"input":"a",${JSON.stringify(name)}:${value}}`)) as object;
        assert.deepEqual(Object.keys(body), ['input', name]);
        assert.equal(Object.getPrototypeOf(body), Object.prototype, 'spread and copied, too');
        assert.equal(Object.getPrototypeOf({ ...body }), Object.prototype);
        assert.equal(JSON.stringify(structuredClone(body)), `{"input":"a",${JSON.stringify(name)}:${value}}`);
      }
    }
    for (const name of ['dimensions', 'a']) assert.equal(Reflect.get({}, name), undefined);
  });

  it('lets one byte order mark pass', () => {
    assert.deepEqual(parseBody(Buffer.from('\ufeff{"a":1}')), { a: 1 });
    assert.equal(codeOf('\ufeff\ufeff{"a":1}'), 'invalid_json');
    assert.equal(codeOf('\ufeff'), 'invalid_json');
  });

  it('takes a view into a larger buffer as the view', () => {
    assert.equal(parseBody(Buffer.from('[1]{"a":1}[2]').subarray(3, 10)) && 'read', 'read');
    assert.deepEqual(parseBody(Buffer.from('[1]{"a":1}[2]').subarray(3, 10)), { a: 1 });
  });

  it('refuses invalid UTF-8, however short', () => {
    for (const hex of ['ff', 'c0af', 'eda080', 'f4908080', 'e282', '80']) {
      const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}')]);
      assert.equal(codeOf(body), 'invalid_json', hex);
    }
    assert.equal(codeOf('{"a":"ü中😀"}'), 'read');
  });

  it('refuses more lists and objects than any valid body has, before it makes them', () => {
    const lists = (count: number) => `[${'[],'.repeat(count - 2)}{}]`;
    assert.equal(codeOf(lists(MAX_CONTAINERS)), 'read');
    assert.equal(codeOf(lists(MAX_CONTAINERS + 1)), 'too much');
    assert.equal(codeOf('[],'.repeat(MAX_CONTAINERS + 1)), 'too much', 'also where the JSON is not complete');
    assert.equal(codeOf('{},'.repeat(MAX_CONTAINERS + 1)), 'too much');
  });

  it('refuses what is nested deeper than any field may be, ignored ones included', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['[{"a":', '}]'],
    ] as const) {
      const levels = open === '[{"a":' ? 2 : 1;
      const nested = (depth: number) => `${open.repeat(depth / levels)}1${close.repeat(depth / levels)}`;
      assert.equal(codeOf(nested(MAX_DEPTH)), 'read');
      assert.equal(codeOf(nested(MAX_DEPTH + levels)), 'too much');
      assert.equal(codeOf(open.repeat(MAX_DEPTH + 1)), 'too much', 'also where the JSON is not complete');
    }
    const side = `[${'[],'.repeat(1_000)}[]]`;
    assert.equal(codeOf(side), 'read', 'what lies side by side is not deep');
  });

  it('refuses more names of fields than any valid body has, at whatever depth, and counts none in texts', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `"${i.toString(36)}" : 1`).join();
    assert.equal(codeOf(`{${fields(MAX_NAMES)}}`), 'read');
    assert.equal(codeOf(`{${fields(MAX_NAMES + 1)}}`), 'too much');
    assert.equal(codeOf(`{"options":{${fields(MAX_NAMES)}}}`), 'too much');
    assert.equal(codeOf(`[${'{"a":1},'.repeat(MAX_NAMES)}{"a":1}]`), 'too much');
    assert.equal(codeOf(JSON.stringify({ a: ':'.repeat(MAX_NAMES + 1), b: ['\\":', ':'] })), 'read');
  });

  it('drops nulls among any number of fields (beyond a hundred they were kept)', () => {
    const others = Array.from({ length: 200 }, (_, i) => `"f${i}":1`).join();
    assert.equal(Object.hasOwn(parseBody(Buffer.from(`{${others},"dimensions":null}`)) as object, 'dimensions'), false);
  });

  it('does not count brackets in texts, whatever is quoted there', () => {
    const brackets = '[{'.repeat(MAX_CONTAINERS);
    const lists = '[],'.repeat(MAX_CONTAINERS + 1);
    for (const text of ['', '\\', '"', '\\"', '"\\', '\\\\"', 'ü"\n']) {
      assert.equal(codeOf(JSON.stringify({ a: [text + brackets, brackets + text, text] })), 'read', text);
      assert.equal(codeOf(`${JSON.stringify([text])}${lists}`), 'too much', text);
    }
  });
});
