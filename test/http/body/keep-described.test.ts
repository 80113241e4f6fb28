import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type } from 'typebox';
import { type BodySchema, keepDescribed } from '../../../src/http/body/keep-described.ts';

const closed = { additionalProperties: false };
const keep = (schema: object, value: unknown) => keepDescribed(value, schema as BodySchema);
/** Too deep for anything that calls itself. */
const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`) as unknown;

describe('keepDescribed()', () => {
  it('returns what is wholly described as it is, uncopied', () => {
    const schema = Type.Object(
      {
        input: Type.Union([Type.String(), Type.Array(Type.Array(Type.Integer()))]),
        items: Type.Array(Type.Object({ a: Type.Optional(Type.Literal(1)) }, closed)),
      },
      closed,
    );
    const value = { input: [[1]], items: [{ a: 1 }] };
    assert.equal(keep(schema, value), value);
  });

  it('drops fields that the schema does not name, whatever is in them and whatever they are called', () => {
    const schema = Type.Object({ inputs: Type.Union([Type.String(), Type.Array(Type.String())]) });
    const value = JSON.parse('{"__proto__":{"inputs":"b"},"constructor":1,"toString":1,"inputs":["a"]}') as object;
    assert.deepEqual(Object.entries(keep(schema, { ...value, options: deep }) as object), [['inputs', ['a']]]);
    assert.deepEqual(keep(schema, { options: deep }), {}, 'nothing is taken from a prototype');
  });

  it('drops them in objects of fields, of lists and of choices, too', () => {
    const inner = Type.Object({ text: Type.String() });
    const schema = Type.Object(
      {
        inputs: inner,
        instances: Type.Array(inner),
        choice: Type.Union([Type.Null(), Type.String(), inner, Type.Array(inner)]),
      },
      closed,
    );
    const value = { text: 'a', more: deep };
    const kept = { text: 'a' };
    const whole = (choice: unknown, keptChoice: unknown) => {
      assert.deepEqual(keep(schema, { inputs: value, instances: [value, value], choice }), {
        inputs: kept,
        instances: [kept, kept],
        choice: keptChoice,
      });
    };
    whole(value, kept);
    whole([value], [kept]);
    whole('text', 'text');
    whole(null, null);
  });

  it('keeps an object without named fields as an empty one, and of a value of any type only its presence', () => {
    const schema = Type.Object({ options: Type.Object({}), images: Type.Unknown(), list: Type.Array(Type.Unknown()) });
    const value = { options: { a: deep }, images: deep, list: [deep, 1] };
    assert.deepEqual(keep(schema, value), { options: {}, images: true, list: [true, true] });
  });
});
