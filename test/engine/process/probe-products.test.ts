import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findWrongProducts, PRODUCT_OPERATORS } from '../../../src/engine/process/probe-products.ts';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { weightBits } from '../../../src/formats/own-graph/weight-bits.ts';
import { LARGEST_WEIGHT } from '../../../src/model-files/int8/scheme.ts';
import { integerProductsOverflow, multiplyIntegers } from '../../support/multiply-integers.ts';

const settings = { device: 'cpu', deviceId: 0, threads: 1, prepacking: true } as const;

describe('findWrongProducts()', () => {
  for (const opset of [10, 17, 20, 22]) {
    it(`agrees with one plain product about this processor, opset ${opset}`, async () => {
      const wrong = await findWrongProducts(opset, sessionOptions(settings));
      assert.deepEqual(wrong.sort(), (await integerProductsOverflow()) ? [...PRODUCT_OPERATORS].sort() : []);
    });

    it(`finds exact products right, opset ${opset}`, async () => {
      const wrong = await findWrongProducts(opset, sessionOptions(settings, { exactProducts: true }));
      // ONNX Runtime 1.30 does not know this operator in its form of opset 21.
      const isUnknown = opset >= 21 && (await integerProductsOverflow());
      assert.deepEqual(wrong, isUnknown ? ['QLinearMatMul'] : []);
    });
  }
});

describe("hotvec's own int8", () => {
  it('has no weight of 7 bits whose products overflow, on any processor, nor of 8 where it takes these', async () => {
    for (const bits of [7, await weightBits()] as const) {
      const largest = LARGEST_WEIGHT[bits];
      for (const weight of [-largest, largest]) assert.equal(await multiplyIntegers(weight), 2 * 255 * weight);
    }
  });

  it('takes 8 bits where a plain product of them is right', async () => {
    assert.equal(await weightBits(), (await integerProductsOverflow()) ? 7 : 8);
  });
});
