import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Accuracy, judgeAccuracy, measureAccuracy, type Reference } from '../../../bench/peers/gate-peer.ts';
import type { Precision } from '../../../bench/peers/peers.ts';
import { startAnswering } from '../../support/answering-server.ts';

const TEXTS = ['one', 'two words', 'three of them'];
const reference: Reference = {
  vectors: [
    [1, 0],
    [0, 1],
    [0.6, 0.8],
  ],
  tokens: [3, 4, 5],
  versions: 'none',
};

/** The accuracy of a server that answers with the reference, but for what the arguments change. */
async function accuracyOf(
  change: (vector: number[], batch: number) => number[],
  tokens: (text: number) => number | undefined = (text) => reference.tokens[text],
): Promise<Accuracy> {
  const server = await startAnswering((_, body) => {
    const { input } = JSON.parse(body) as { input: string[] };
    const embeddings = input.map((text) => change(reference.vectors[TEXTS.indexOf(text)] as number[], input.length));
    const promptTokens = tokens(TEXTS.indexOf(input[0] as string));
    return {
      body: {
        data: embeddings.map((embedding, index) => ({ index, embedding })),
        ...(promptTokens === undefined ? {} : { usage: { prompt_tokens: promptTokens } }),
      },
    };
  });
  try {
    return await measureAccuracy({ name: 'it', url: server.url }, 'model', TEXTS, reference);
  } finally {
    server.close();
  }
}

const turn = ([x = 0, y = 0]: number[], angle: number) => [
  x * Math.cos(angle) - y * Math.sin(angle),
  x * Math.sin(angle) + y * Math.cos(angle),
];
const judge = (accuracy: Accuracy, precision: Precision = 'fp32') => judgeAccuracy('it', precision, accuracy);

describe('the gate of a peer', () => {
  it('has nothing against the vectors of PyTorch, of whatever length', async () => {
    const accuracy = await accuracyOf((vector) => vector.map((value) => 3 * value));
    assert.ok(accuracy.lowestCosine > 1 - 1e-12 && accuracy.aloneDifference === 0);
    assert.equal(accuracy.miscounted, 0);
    assert.deepEqual(judge(accuracy), []);
  });

  it('asks more of fp32 than of bf16, and more of that than of eight bits', async () => {
    const verdicts = async (angle: number) => {
      const accuracy = await accuracyOf((vector) => turn(vector, angle));
      assert.ok(Math.abs(accuracy.lowestCosine - Math.cos(angle)) < 1e-9);
      return (['fp32', 'bf16', 'int8', 'q8_0'] as const).map((precision) => judge(accuracy, precision).length);
    };
    assert.deepEqual(await verdicts(0.003), [0, 0, 0, 0]);
    assert.deepEqual(await verdicts(0.02), [1, 0, 0, 0]);
    assert.deepEqual(await verdicts(0.1), [1, 1, 0, 0]);
    assert.deepEqual(await verdicts(0.3), [1, 1, 1, 1]);
  });

  it('says with figures what is wrong: the vectors, in a batch only, their size', async () => {
    const [wrong = ''] = judge(await accuracyOf((vector) => turn(vector, 0.1)), 'bf16');
    assert.match(wrong, /it .*PyTorch.*0\.995004.*0\.999 in bf16/);
    const inBatch = judge(await accuracyOf((vector, batch) => turn(vector, batch > 1 ? 0.1 : 0)), 'int8');
    assert.equal(inBatch.length, 1);
    assert.match(inBatch[0] as string, /it .*in a batch than alone.*0\.995004.*1\.0e-1/);
    assert.match(judge(await accuracyOf((vector) => [...vector, 0])).join(), /other dimensions/);
  });

  it('counts the texts whose tokens a server counts otherwise, and says where it does not count', async () => {
    const miscounting = await accuracyOf(
      (vector) => vector,
      (text) => (text === 0 ? 3 : 2),
    );
    assert.equal(miscounting.miscounted, 2);
    assert.match(judge(miscounting).join(), /it counts other tokens .* 2 texts/);
    const silent = await accuracyOf(
      (vector) => vector,
      () => undefined,
    );
    assert.equal(silent.miscounted, null);
    assert.deepEqual(judge(silent), []);
  });
});
