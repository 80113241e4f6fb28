import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PROTOCOL_VERSION } from '../../../src/engine/protocol.ts';
import { claimedEpoch, readMessage } from '../../../src/engine/supervisor/read-message.ts';

const EPOCH = 3;
const envelope = { version: PROTOCOL_VERSION, epoch: EPOCH };
const info = {
  device: 'cpu',
  dtype: 'fp32',
  loadMilliseconds: 1,
  tokensPerSecond: 1,
  calibration: { batchTokens: 1, basis: 'measured', batchMilliseconds: 1, milliseconds: 1, curve: [] },
  canaryCosine: 1,
  canaryDifference: 0,
  canaryScores: null,
};
const rows = {
  ...envelope,
  kind: 'rows',
  batchId: 7,
  rows: Float32Array.of(1, 2),
  computedTokens: 5,
  inferMilliseconds: 1.5,
  residentBytes: 1e9,
};
const wellFormed: Record<string, unknown>[] = [
  rows,
  { ...envelope, kind: 'ready', info },
  { ...envelope, kind: 'load_failed', message: 'why' },
  { ...envelope, kind: 'batch_failed', batchId: 0, message: 'why' },
  { ...envelope, kind: 'pong' },
  { ...envelope, kind: 'canary_passed' },
  { ...envelope, kind: 'canary_failed', message: 'why' },
];

describe('readMessage()', () => {
  it('takes every message of the protocol as it is', () => {
    for (const message of wellFormed) assert.equal(readMessage(message, EPOCH), message);
  });

  it('treats messages of another process, another protocol or no known origin as stray', () => {
    for (const message of wellFormed) {
      for (const other of [
        { epoch: 2 },
        { epoch: 4 },
        { epoch: '3' },
        { epoch: undefined },
        { version: 1 },
        { version: null },
      ]) {
        assert.equal(readMessage({ ...message, ...other }, EPOCH), 'stray');
      }
    }
    for (const nothing of [null, undefined, 'rows', 0, Number.NaN, true, [], {}, Float32Array.of(1)]) {
      assert.equal(readMessage(nothing, EPOCH), 'stray');
    }
  });

  it('calls malformed what lacks a field, or has one of another type', () => {
    const wrong: Record<string, unknown[]> = {
      kind: [undefined, 'row', 'constructor', '__proto__', 1, null],
      batchId: [undefined, -1, 0.5, 1e300, Number.NaN, '7', 7n],
      rows: [undefined, [1, 2], new Float64Array(2), new ArrayBuffer(8), { length: 2 }, 'rows'],
      computedTokens: [undefined, -1, Number.NaN, 1.5, '5'],
      inferMilliseconds: [undefined, -1, Number.NaN, Number.POSITIVE_INFINITY, '1'],
      residentBytes: [undefined, -1, Number.NaN, null],
      message: [undefined, 1, null, {}],
      info: [
        undefined,
        null,
        {},
        { ...info, tokensPerSecond: Number.NaN },
        { ...info, loadMilliseconds: -1 },
        { ...info, canaryCosine: '1' },
        { ...info, calibration: null },
        { ...info, calibration: { ...info.calibration, batchTokens: 0 } },
      ],
    };
    for (const message of wellFormed) {
      for (const [field, values] of Object.entries(wrong)) {
        if (!(field in message)) continue;
        for (const value of values) {
          assert.equal(
            readMessage({ ...message, [field]: value }, EPOCH),
            'malformed',
            `${message.kind}: ${field} ${value}`,
          );
        }
      }
    }
  });

  it('never throws, whatever came', () => {
    fc.assert(
      fc.property(fc.anything({ withTypedArray: true, withBigInt: true, withNullPrototype: true }), (message) => {
        assert.equal(readMessage(message, EPOCH), 'stray');
        const epoch = claimedEpoch(message);
        assert.ok(epoch === null || Number.isSafeInteger(epoch));
        const ours = typeof message === 'object' && message !== null ? { ...message, ...envelope } : envelope;
        assert.equal(readMessage(ours, EPOCH), 'malformed');
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });
});
