import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareWays } from '../../bench/compare-ways.ts';

/** Works that know their turn. */
const worksOf = async (turn: number, count: number) => new Array<number>(count).fill(turn);

describe('compareWays', () => {
  it('does the same work in turns A B B A, after a first piece that warms both up', async () => {
    const done: string[] = [];
    const way = (name: string) => async (turn: number) => {
      done.push(name + turn);
    };
    const options = { rounds: 2, cellSeconds: 60 };
    const { measured, rounds, ratio } = await compareWays(worksOf, [way('a'), way('b')], options);
    assert.deepEqual(done.slice(0, 4), ['b999', 'a999', 'a999', 'b999']);
    const turns = done.slice(4).filter((turn, i, all) => turn !== all[i - 1]);
    assert.deepEqual(turns, ['a0', 'b0', 'b1', 'a1', 'a2', 'b2', 'b3', 'a3']);
    assert.equal(done.length % 8, 4);
    assert.deepEqual(
      measured.map(({ works }) => [...new Set(works)]),
      [
        [0, 1],
        [2, 3],
      ],
    );
    assert.equal(rounds, 2);
    assert.ok(ratio > 0);
  });

  it('has as many rounds as there is time for, but one', async () => {
    const sleep = () => new Promise((resolve) => setTimeout(resolve, 300));
    const inTime = await compareWays(worksOf, [sleep, sleep], { rounds: 3, cellSeconds: 0.01 });
    assert.equal(inTime.rounds, 1);
  });
});
