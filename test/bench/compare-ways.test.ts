import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareWays } from '../../bench/compare-ways.ts';

describe('compareWays', () => {
  it('does the same work in turns A B B A, after a first piece that warms both up', async () => {
    const done: string[] = [];
    // Long enough for a turn to have one piece.
    const way = (name: string) => async (work: string) => {
      done.push(name + work);
      await new Promise((resolve) => setTimeout(resolve, 350));
    };
    const worksOf = async (turn: number, count: number) => Array.from({ length: count }, (_, i) => `${turn}.${i}`);
    const options = { rounds: 1, cellSeconds: 60 };
    const { measured, rounds, ratio } = await compareWays(worksOf, [way('a'), way('b')], options);
    assert.deepEqual(done.slice(0, 4), ['b999.0', 'a999.0', 'a999.0', 'b999.0']);
    assert.deepEqual(done.slice(4), ['a0.0', 'b0.0', 'b1.0', 'a1.0']);
    assert.deepEqual(
      measured.map(({ works }) => works),
      [['0.0', '1.0']],
    );
    assert.equal(rounds, 1);
    assert.ok(ratio > 0);
  });

  it('has as many rounds as there is time for, but one', async () => {
    const worksOf = async (_: number, count: number) => new Array<number>(count).fill(300);
    const sleep = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
    const inTime = await compareWays(worksOf, [sleep, sleep], { rounds: 3, cellSeconds: 0.01 });
    assert.equal(inTime.rounds, 1);
  });
});
