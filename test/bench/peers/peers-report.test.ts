import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatSection, mergeSections, type PeerSection } from '../../../bench/peers/peers-report.ts';

const accuracy = { lowestCosine: 0.99995, aloneCosine: 1, aloneDifference: 0, miscounted: 0 };
const section: PeerSection = {
  model: 'some-model',
  title: 'a peer, bf16',
  taken: 'Taken then and there.',
  loads: [
    {
      precision: 'int8',
      load: 'q × 1, 16 clients',
      tokensPerSecond: [1234.5, 411.5],
      p50: [12.34, 40.1],
      ratio: 3.01,
      rounds: 5,
      failures: [0, 2],
    },
  ],
  servers: [
    { name: 'hotvec int8', accuracy, memory: [2 ** 30, null] },
    { name: 'peer', accuracy: { ...accuracy, aloneDifference: 0.0123, miscounted: null }, memory: [2 ** 31, 2 ** 31] },
  ],
  complaints: [],
};

describe('the report of bench:peers', () => {
  it('has a line for each load and each server', () => {
    const text = formatSection(section);
    const cells = (start: string) => {
      const line = text.split('\n').find((one) => one.startsWith(`| ${start}`)) ?? '';
      return line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    };
    assert.match(text, /^## some-model: a peer, bf16\n\nTaken then and there\.\n/);
    const load = ['int8', 'q × 1, 16 clients', '1,230', '412, 2 requests failed', '3.01×', '12.3 ms', '40.1 ms', '5'];
    assert.deepEqual(cells('int8'), load);
    assert.deepEqual(cells('hotvec int8'), ['hotvec int8', '0.9999500', '0', 'right', '1,020 MiB', 'not known']);
    assert.deepEqual(cells('peer'), ['peer', '0.9999500', '1.2e-2', 'not reported', '2,050 MiB', '2,050 MiB']);
  });

  it('says what is wrong beside the figures, and why there are none', () => {
    const wrong = formatSection({ ...section, complaints: ['peer gives other vectors.'] });
    assert.match(wrong, /\*\*Wrong:\*\* peer gives other vectors\..*\n\n\| hotvec in/);
    const failed = formatSection({ ...section, loads: [], servers: [], failure: 'It ended with exit code 1: no.' });
    assert.match(failed, /\*\*Not measured\.\*\* It ended with exit code 1: no\./);
    assert.doesNotMatch(failed, /\|/);
  });

  it('puts a section in the place of the one of the same model and peer, and leaves the others alone', () => {
    const other = { ...section, title: 'another peer' };
    const first = mergeSections(undefined, [section, other]);
    assert.equal(mergeSections(first, []), first);
    const newer = { ...section, taken: 'Taken later.' };
    const third = { ...section, model: 'some-model-2' };
    const merged = mergeSections(mergeSections(first, [newer]), [third]);
    assert.equal(merged, mergeSections(undefined, [newer, other, third]));
    assert.equal(merged.match(/^# /gm)?.length, 1);
  });
});
