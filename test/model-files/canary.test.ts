import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { type Canary, parseCanary, parseScoreCanary } from '../../src/model-files/canary.ts';
import { PUBLISHED_TRUTHS } from '../../src/model-files/known/published-truth.ts';
import { packageRoot } from '../../src/package-info.ts';

const starter = (): Canary =>
  JSON.parse(readFileSync(path.join(packageRoot, 'models', 'starter', 'hotvec-canary.json'), 'utf8'));

describe('parseCanary()', () => {
  it("takes the starter's, and those that are built in", () => {
    assert.equal(parseCanary(starter(), 256).cases.length, 7);
    for (const { canary } of PUBLISHED_TRUTHS) if (canary !== null) assert.equal(parseCanary(canary, 1024), canary);
  });

  const scores = starter().scores as NonNullable<Canary['scores']>;
  for (const [what, change, message] of [
    ['no cases', { cases: [] }, /^hotvec-canary\.json: \/cases .*\. Correct the file, or remove it\.$/],
    ['no tolerance', { tolerance: undefined }, /tolerance/],
    ['a tolerance that lets everything pass', { tolerance: '1' }, /\/tolerance/],
    ['a vector of another model', { cases: [{ text: 'a', ids: [1], vector: [1] }] }, /\/cases\/0\/vector has 1 comp/],
    ['a case that nothing speaks of', { scores: undefined }, /\/cases\/3\/vector has 0 components/],
    ['scores of a case that is not there', { scores: { ...scores, queries: [3, 4, 9] } }, /refers to case 9/],
    ['a matrix of another shape', { scores: { ...scores, cosines: [[0.6, 0.2]] } }, /must be 2 × 2/],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => parseCanary({ ...starter(), ...change }, 256), { message }));
  }
});

describe('parseScoreCanary()', () => {
  const file = path.join(packageRoot, 'models', 'starter-reranker', 'hotvec-canary.json');
  const canary = () => JSON.parse(readFileSync(file, 'utf8'));

  it("takes the starter reranker's, and those that are built in", () => {
    assert.equal(parseScoreCanary(canary()).cases.length, 6);
    const known = PUBLISHED_TRUTHS.flatMap(({ scoreCanary }) => scoreCanary ?? []);
    assert.equal(known.length, 1);
    for (const one of known) assert.equal(parseScoreCanary(one), one);
  });

  it('refuses one of vectors, and one that checks nothing', () => {
    assert.throws(() => parseScoreCanary(starter()), { message: /^hotvec-canary\.json: \/cases\/0/ });
    assert.throws(() => parseScoreCanary({ ...canary(), cases: [] }), { message: /\/cases/ });
    assert.throws(() => parseScoreCanary({ ...canary(), tolerance: 1 }), { message: /\/tolerance/ });
  });
});
