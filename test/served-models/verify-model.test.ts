import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import type { EngineInfo } from '../../src/engine/protocol.ts';
import { createLogger } from '../../src/log/logger.ts';
import { PUBLISHED_TRUTHS, type PublishedTruth } from '../../src/model-files/known/published-truth.ts';
import { type OpenModel, openModel } from '../../src/served-models/open-model.ts';
import { type Check, verifyModel } from '../../src/served-models/verify-model.ts';
import { testConfig } from '../support/running-service.ts';
import { golden } from '../support/starter.ts';

const prompted = golden.texts.filter(({ query_vector: vector }) => vector !== undefined);

/** What PyTorch computed, given out as others publish it: the first components, of texts and of queries. */
const truth: PublishedTruth = {
  ...(PUBLISHED_TRUTHS[0] as PublishedTruth),
  vectors: [
    {
      source: 'PyTorch',
      tolerance: 1e-5,
      cases: prompted.slice(0, 6).flatMap(({ text, vector, query_vector: queryVector }) => [
        { text, isQuery: false, components: vector.slice(0, 5) },
        { text, isQuery: true, components: queryVector.slice(0, 5) },
      ]),
    },
  ],
};

describe('verifyModel()', () => {
  let model: OpenModel;
  let info: EngineInfo;
  const verify = async (changes: Partial<OpenModel>, facts: Partial<EngineInfo> = {}) =>
    (await verifyModel({ ...model, ...changes } as OpenModel, { ...info, ...facts })).flatMap(({ checks }) => checks);
  const wrong = (checks: Check[]) => checks.filter(({ passed }) => !passed).map(({ what }) => what);

  before(async () => {
    model = await openModel({
      config: testConfig({ device: 'cpu' }),
      logger: createLogger('silent'),
      clock: systemClock,
      reports: () => ({ onEngineEvent: () => {} }),
    });
    ({ info } = await model.start());
  });
  after(() => model.engine.close());

  it('finds the starter right: scores, golden vectors and what is published', async () => {
    const checks = await verify({ truth });
    assert.deepEqual(wrong(checks), []);
    assert.equal(checks.length, 1 + 4 + 3 + 12);
    assert.deepEqual(
      checks.slice(1, 5).map(({ found }) => found),
      golden.similarity.scores.slice(0, 2).flatMap((row) => row.slice(0, 2).map((score) => score.toFixed(4))),
    );
  });

  it('names each score, vector and published component that is off', async () => {
    const { canary } = model.manifest;
    assert.ok(canary?.scores !== undefined && canary.scores !== null);
    const scores = {
      ...canary.scores,
      cosines: canary.scores.cosines.map((row, i) => row.map((x) => (i === 0 ? x : x + 0.01))),
    };
    const cases = canary.cases.map((one, i) => (i === 1 ? { ...one, vector: one.vector.map((x) => -x) } : one));
    const [published] = truth.vectors;
    assert.ok(published !== undefined);
    const vectors = [
      {
        ...published,
        cases: published.cases.map((one, i) =>
          i === 3 ? { ...one, components: [...one.components, Number.NaN] } : one,
        ),
      },
    ];
    const checks = await verify({
      manifest: { ...model.manifest, canary: { ...canary, scores, cases } },
      truth: { ...truth, vectors },
    });
    assert.equal(wrong(checks).length, 4, wrong(checks).join('\n'));
    assert.match(
      wrong(checks).join('\n'),
      /gravity" × .*\n.*gravity" × .*\nvector of .*\nquery .*, first 6 components/,
    );
  });

  it('allows half precision what the canary and the published digits allow it', async () => {
    const canaryScores = info.canaryScores?.map((row) => row.map((score) => score + 4e-3)) ?? null;
    assert.equal(wrong(await verify({}, { canaryScores })).length, 4);
    assert.deepEqual(wrong(await verify({}, { canaryScores, dtype: 'bf16', device: 'cuda' })), []);
  });

  for (const [dtype, allowed] of [
    ['bf16', 5e-3],
    ['int8', 2e-2],
  ] as const) {
    it(`allows published components ± ${allowed} in ${dtype}`, async () => {
      const published = (by: number): PublishedTruth => {
        const [first] = truth.vectors;
        const cases = first?.cases
          .slice(0, 1)
          .map((one) => ({ ...one, components: one.components.map((x) => x + by) }));
        return { ...truth, vectors: [{ source: 'PyTorch', tolerance: 1e-5, cases: cases ?? [] }] };
      };
      assert.deepEqual(wrong(await verify({ truth: published(0.9 * allowed) }, { dtype })), []);
      assert.equal(wrong(await verify({ truth: published(1.1 * allowed) }, { dtype })).length, 1);
    });
  }
});
