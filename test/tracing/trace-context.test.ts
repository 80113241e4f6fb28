import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readTraceContext } from '../../src/tracing/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

describe('readTraceContext()', () => {
  it('reads the example of the specification', () => {
    assert.deepEqual(readTraceContext({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'congo=t61rcWkgMzE' }), {
      traceId: TRACE,
      parentId: PARENT,
      isSampled: true,
      state: 'congo=t61rcWkgMzE',
    });
  });

  for (const [flags, isSampled] of [
    ['00', false],
    ['01', true],
    ['02', false],
    ['03', true],
    ['ff', true],
  ] as const) {
    it(`takes flags ${flags} for ${isSampled ? '' : 'not '}sampled`, () => {
      assert.equal(readTraceContext({ traceparent: `00-${TRACE}-${PARENT}-${flags}` })?.isSampled, isSampled);
    });
  }

  for (const traceparent of [`01-${TRACE}-${PARENT}-01`, `cc-${TRACE}-${PARENT}-01-what-will-be`]) {
    it(`reads what it knows of a version to come: ${traceparent}`, () => {
      assert.deepEqual(readTraceContext({ traceparent }), {
        traceId: TRACE,
        parentId: PARENT,
        isSampled: true,
        state: undefined,
      });
    });
  }

  for (const traceparent of [
    undefined,
    '',
    'nonsense',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-zz`,
    ` 00-${TRACE}-${PARENT}-01`,
    `01-${TRACE}-${PARENT}-01.more`,
    // Two headers, as Node joins them.
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
  ]) {
    it(`takes ${JSON.stringify(traceparent)} for none, and its tracestate with it`, () => {
      assert.equal(
        readTraceContext({ ...(traceparent !== undefined && { traceparent }), tracestate: 'a=1' }),
        undefined,
      );
    });
  }

  it('never throws, and gives nothing but ids', () => {
    const header = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.?$/));
    fc.assert(
      fc.property(header, (traceparent) => {
        const context = readTraceContext({ traceparent });
        if (context !== undefined)
          assert.match(`${context.traceId}-${context.parentId}`, /^[0-9a-f]{32}-[0-9a-f]{16}$/);
      }),
      { seed: 65 },
    );
  });
});
