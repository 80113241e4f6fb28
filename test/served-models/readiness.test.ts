import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HotvecError } from '../../src/errors.ts';
import { Readiness } from '../../src/served-models/readiness.ts';
import type { ServedModel } from '../../src/served-models/served-model.ts';
import type { Embedder } from '../../src/tasks/embedding/embedder.ts';
import { FakeClock } from '../support/fake-clock.ts';

interface State {
  fingerprint: string | null;
  isReady: boolean;
  isGivenUp: boolean;
}

describe('Readiness of two models', () => {
  let states: [State, State];
  let readiness: Readiness;
  const clock = new FakeClock();

  beforeEach(() => {
    states = [
      { fingerprint: 'f', isReady: true, isGivenUp: false },
      { fingerprint: 'f', isReady: true, isGivenUp: false },
    ];
    const model = (name: string, i: 0 | 1): ServedModel => ({
      name,
      names: [name],
      task: 'embed',
      service: {
        get model() {
          return { fingerprint: states[i].fingerprint };
        },
        get isGivenUp() {
          return states[i].isGivenUp;
        },
        get refusal() {
          return states[i].isReady ? undefined : new HotvecError('not_ready', `${name} is not`);
        },
      } as unknown as Embedder,
      engineHealth: () => ({ state: 'ready', secondsInState: 0, processesReady: 1, canaryCosine: 1 }),
    });
    readiness = new Readiness([model('a', 0), model('b', 1)], clock);
  });

  it('lasts while one of them serves, and ends with the last', () => {
    assert.equal(readiness.isReady, true);
    states[0].isReady = false;
    assert.equal(readiness.isReady, true);
    assert.deepEqual(
      readiness.report().models.map(({ name, isReady }) => [name, isReady]),
      [
        ['a', false],
        ['b', true],
      ],
    );
    states[1].isReady = false;
    assert.throws(() => readiness.check(), /a is not/);
  });

  it('begins once every model is loaded', () => {
    states[1] = { fingerprint: null, isReady: false, isGivenUp: false };
    assert.throws(() => readiness.check(), /b is not/);
  });

  it('is given up when both are', () => {
    states[0].isGivenUp = true;
    assert.equal(readiness.isGivenUp, false);
    states[1].isGivenUp = true;
    assert.equal(readiness.isGivenUp, true);
  });

  it('ends for both when the service is drained', () => {
    clock.advance(2_000);
    readiness.announceDrain();
    assert.throws(() => readiness.check(), { code: 'draining' });
    assert.equal(readiness.isReady, false);
    assert.ok(readiness.report().models.every(({ isReady }) => !isReady));
    const { draining: isDraining, uptimeSeconds } = readiness.report();
    assert.deepEqual([isDraining, uptimeSeconds], [true, 2]);
  });
});
