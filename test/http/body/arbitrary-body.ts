import fc, { type Arbitrary } from 'fast-check';

// Bodies for the fuzzer, as JSON text: some things that clients send cannot be said by a JavaScript value.

const oddText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    'x\udc00y',
    '\ufffe',
    '\u202e',
    '\ufeff',
    'ﷺ'.repeat(60),
    'e\u0301\u0301',
  ),
  fc.constantFrom(
    '<|endoftext|>',
    '<|im_start|>',
    '__proto__',
    '{"a":1}',
    "'; --",
    '%00',
    '\r\n\r\n',
    'a'.repeat(5000),
  ),
);
const plainText = fc.string({ minLength: 1, maxLength: 20 });
const oddNumber = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(-1, -0, 0, 0.5, 1, 31, 32, 256, 257, 12_000, 100_277, 2 ** 31, 2 ** 53, 1e300, -1e300, 1e-300),
);
const anyValue: Arbitrary<unknown> = fc.oneof(
  oddText,
  oddNumber,
  fc.boolean(),
  fc.constant(null),
  fc.array(oddNumber, { maxLength: 12 }),
  fc.array(oddText, { maxLength: 12 }),
  fc.array(fc.array(oddNumber, { maxLength: 4 }), { maxLength: 12 }),
  fc.jsonValue({ maxDepth: 3 }),
);

const tokenIds = fc.array(fc.integer({ min: 0, max: 11_999 }), { minLength: 1, maxLength: 12 });
const texts = fc.array(plainText, { minLength: 1, maxLength: 4 });
const valid = {
  input: fc.oneof(plainText, texts, tokenIds, fc.array(tokenIds, { minLength: 1, maxLength: 4 })),
  queries: fc.oneof(plainText, texts),
  documents: fc.oneof(plainText, texts),
  dimensions: fc.constantFrom(32, 33, 64, 256, null),
  encoding_format: fc.constantFrom('float', 'base64', null),
  truncate: fc.constantFrom('error', 'end', 'start', null),
  instruction: fc.constantFrom('Find it', null),
  model: fc.constantFrom('starter', 'starter-query', null),
  metric: fc.constantFrom('cosine', 'dot', 'euclidean', 'manhattan', null),
  scale: fc.constantFrom(1, 100, -1, null),
  top_k: fc.constantFrom(1, 3, null),
  return_documents: fc.constantFrom(true, false, null),
};
const { input, dimensions, encoding_format, truncate, instruction, model, ...rest } = valid;
const { queries, documents, metric, scale, top_k, return_documents } = rest;
const optional = { requiredKeys: [] };
const goodEmbeddings = fc
  .tuple(fc.record({ input }), fc.record({ dimensions, encoding_format, truncate, model }, optional))
  .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);
const goodSimilarity = fc
  .tuple(
    fc.record({ queries, documents }),
    fc.record({ dimensions, truncate, instruction, metric, scale, top_k, return_documents }, optional),
  )
  .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);
const good = fc.oneof(goodEmbeddings, goodSimilarity);

/** A good body of `/v1/rerank`, whose documents may be too long for it. */
export const goodRanking = fc
  .record(
    {
      query: plainText,
      documents: fc.array(fc.oneof(plainText, fc.record({ text: oddText })), { minLength: 1, maxLength: 4 }),
      top_n: fc.constantFrom(1, 3, null),
      return_documents: fc.boolean(),
      truncate: fc.constantFrom('error', 'end', 'start', null),
      on_error: fc.constantFrom('partial', null),
    },
    { requiredKeys: ['query', 'documents'] },
  )
  .map((body) => JSON.stringify(body));

const fieldName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Object.keys(valid), 'input_type', 'normalize', 'user') },
  { weight: 1, arbitrary: fc.oneof(oddText, fc.constantFrom('toString', 'constructor', 'hasOwnProperty', 'length')) },
);

/** A good body with one field set to anything, or left out. */
const oneWrong = fc.tuple(good, fieldName, fc.option(anyValue, { nil: undefined })).map(([body, name, value]) => {
  const copy = { ...body };
  if (value === undefined) delete copy[name];
  else Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  return JSON.stringify(copy);
});

/** JSON, and almost JSON, that no JavaScript value gives. */
const rawText = fc.oneof(
  fc.constantFrom(
    '{"input":"a","input":"b"}',
    '{"input":["a"],"input":null}',
    '{"input":"a","__proto__":{"dimensions":32}}',
    '{"input":"a","\\u005f_proto__":{"dimensions":32}}',
    '{"input":"a","constructor":{"prototype":{"dimensions":32}}}',
    '{"input":[1e999]}',
    '{"input":[-1e999]}',
    '{"input":"a","dimensions":1e999}',
    '{"queries":"a","documents":"b","scale":1e999}',
    '{"queries":"a","documents":"b","top_k":1e999}',
    '{"input":"\\ud800"}',
    '{"input":"\\udc00\\ud800"}',
    '{"input":"a\\u0000b"}',
    '{"input":[9007199254740993]}',
    '{"input":[0.1e1, 2.0]}',
    '{"input":NaN}',
    "{'input':'a'}",
    '{"input":"a"}{"input":"b"}',
    '{"input":"a"} x',
    '{"input":"a",}',
    '\ufeff{"input":"a"}',
    ' \n{"input":"a"}\t\r\n',
    '',
    ' ',
    'null',
    'true',
    '"a"',
    '0',
    '[]',
    '{}',
  ),
  fc.integer({ min: 1, max: 40_000 }).map((depth) => `{"input":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc.integer({ min: 1, max: 8_000 }).map((depth) => `{"input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
  fc.integer({ min: 1, max: 40_000 }).map((count) => `{"input":[${'1,'.repeat(count)}1]}`),
  fc.integer({ min: 1, max: 20_000 }).map((count) => `{"input":[${'"a",'.repeat(count)}"a"]}`),
  fc.integer({ min: 1, max: 20_000 }).map((count) => `{"queries":"a","documents":[${'[],'.repeat(count)}[]]}`),
  fc.integer({ min: 1, max: 9_000 }).map((count) => `{${Array.from({ length: count }, (_, i) => `"f${i}":1`).join()}}`),
  fc.integer({ min: 1, max: 120_000 }).map((length) => `{"input":"${'a'.repeat(length)}"}`),
  // A good body cut off anywhere.
  fc.tuple(good, fc.nat()).map(([body, at]) => JSON.stringify(body).slice(0, at % JSON.stringify(body).length)),
);

/** Any values in fields that a route has, and often a text where it wants one. */
export function anyFields(names: readonly string[]): Arbitrary<string> {
  const value = fc.oneof({ weight: 2, arbitrary: plainText }, { weight: 1, arbitrary: texts }, anyValue);
  const fields = Object.fromEntries(names.map((name) => [name, value]));
  return fc.record(fields, { requiredKeys: [] }).map((body) => JSON.stringify(body));
}

export const anyBody: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: good.map((body) => JSON.stringify(body)) },
  { weight: 8, arbitrary: oneWrong },
  { weight: 3, arbitrary: rawText },
  { weight: 2, arbitrary: fc.json({ maxDepth: 6 }) },
);
