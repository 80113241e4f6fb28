import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scoreMatrix } from '../../../src/tasks/embedding/score-matrix.ts';

const a = Float32Array.of(3, 4);
const b = Float32Array.of(4, 3);

describe('scoreMatrix()', () => {
  it('scores queries × documents, larger for more alike in every metric', async () => {
    const scores = async (metric: 'cosine' | 'dot' | 'euclidean' | 'manhattan') =>
      Array.from(await scoreMatrix([a], [a, b], metric));
    assert.deepEqual(await scores('cosine'), [1, Math.fround(0.96)]);
    assert.deepEqual(await scores('dot'), [25, 24]);
    assert.deepEqual(await scores('euclidean'), [-0, Math.fround(-Math.SQRT2)]);
    assert.deepEqual(await scores('manhattan'), [-0, -2]);
  });

  it('never passes 1 or −1 in cosine', async () => {
    for (let seed = 1; seed < 300; seed++) {
      const vector = Float32Array.from({ length: 7 }, (_, i) => Math.sin(seed * (i + 1)));
      const [same, opposite] = await scoreMatrix([vector], [vector, vector.map((x) => -x)], 'cosine');
      assert.ok((same as number) <= 1 && (opposite as number) >= -1);
    }
  });

  it('lets the event loop in during a large matrix', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const many = Array.from({ length: 400 }, () => new Float32Array(256).fill(1));
    const scores = await scoreMatrix(many, many, 'cosine');
    clearInterval(timer);
    assert.equal(scores.length, 160_000);
    assert.ok(turns > 0);
  });
});
