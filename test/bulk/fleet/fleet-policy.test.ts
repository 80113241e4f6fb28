import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLEET_DEFAULTS, type FleetOptions, FleetPolicy } from '../../../src/bulk/fleet/fleet-policy.ts';

/** A policy with requests 0, 1, … of cost 100. `sent()` says what goes where: `number@server`. */
function fleet(servers: number, requests: number, options: Partial<FleetOptions> = {}) {
  const policy = new FleetPolicy({ ...FLEET_DEFAULTS, ...options, servers });
  for (let number = 0; number < requests; number++) policy.add({ number, cost: 100 });
  const sent = (now: number) => policy.assign(now).map(({ server, request }) => `${request.number}@${server}`);
  return { policy, sent };
}

describe('FleetPolicy', () => {
  it('gives each server two requests, and the next one to whoever answers', () => {
    const { policy, sent } = fleet(2, 6);
    assert.deepEqual(sent(0), ['0@0', '1@0', '2@1', '3@1']);
    assert.deepEqual(sent(1), []);
    assert.deepEqual(policy.answered(1, 2, 10), []);
    assert.deepEqual(sent(10), ['4@1']);
    assert.deepEqual(policy.answered(1, 3, 20), []);
    assert.deepEqual(sent(20), ['5@1']);
  });

  it('gives what a failed server had to another, the lowest number first and before anything new', () => {
    const { policy, sent } = fleet(2, 8);
    sent(0);
    policy.failed(0, 1, 5);
    policy.failed(0, 0, 6);
    policy.answered(1, 2, 10);
    policy.answered(1, 3, 20);
    assert.deepEqual(sent(20), ['0@1', '1@1']);
  });

  it('leaves a failed server alone, longer after each failure in a row, and then tries it with one request', () => {
    const { policy, sent } = fleet(1, 4);
    sent(0);
    policy.failed(0, 0, 0);
    policy.failed(0, 1, 0);
    assert.deepEqual(sent(999), []);
    assert.equal(policy.wakeAt(999), 1_000);
    assert.deepEqual(sent(1_000), ['0@0']);
    policy.failed(0, 0, 1_000);
    assert.equal(policy.wakeAt(1_000), 3_000);
    assert.deepEqual(sent(3_000), ['0@0']);
    policy.answered(0, 0, 3_100);
    assert.deepEqual(sent(3_100), ['1@0', '2@0']);
    policy.failed(0, 1, 3_200);
    assert.equal(policy.wakeAt(3_200), 4_200, 'an answer ended the row');
  });

  it('asks a server again when it said, and gives its request to others meanwhile', () => {
    const { policy, sent } = fleet(2, 3, { held: 1 });
    sent(0);
    policy.refused(0, 0, 10, 5_000);
    assert.deepEqual(sent(10), []);
    policy.answered(1, 1, 100);
    assert.deepEqual(sent(100), ['0@1']);
    assert.equal(policy.wakeAt(100), 5_010);
    policy.answered(1, 0, 200);
    policy.exclude(1);
    assert.deepEqual(sent(5_009), []);
    assert.deepEqual(sent(5_010), ['2@0']);
  });

  it('copies the request that is expected last to a server with nothing to do, and counts the first answer', () => {
    const { policy, sent } = fleet(2, 2, { held: 1 });
    sent(0);
    policy.answered(0, 0, 10);
    policy.answered(1, 1, 20);
    policy.add({ number: 2, cost: 100 });
    policy.add({ number: 3, cost: 5_000 });
    assert.deepEqual(sent(20), ['2@0', '3@1']);
    policy.answered(0, 2, 30);
    // It takes 500 here and is expected in 990 there.
    assert.deepEqual(sent(30), ['3@0']);
    assert.deepEqual(policy.answered(0, 3, 530), [1]);
    assert.equal(policy.answered(1, 3, 1_020), null);
    assert.equal(policy.wakeAt(1_020), null, 'it was overtaken within its time, and does not rest');
  });

  it('sends what is late to a second server before anything new, and rests the first when it was overtaken', () => {
    const { policy, sent } = fleet(2, 100, { held: 1 });
    sent(0);
    policy.answered(0, 0, 10);
    assert.deepEqual(sent(10), ['2@0']);
    policy.answered(0, 2, 20);
    // 1 takes 10 and 10 more, which are not quite over.
    assert.deepEqual(sent(20), ['3@0']);
    policy.answered(0, 3, 30);
    assert.deepEqual(sent(30), ['1@0']);
    assert.deepEqual(policy.answered(0, 1, 40), [1]);
    assert.deepEqual(sent(40), ['4@0']);
    assert.equal(policy.wakeAt(40), 1_040);
    assert.deepEqual(sent(1_040), ['4@1'], 'which is late by now, too');
  });

  it('copies nothing before anybody has answered, and nothing where the copy gains too little', () => {
    const { policy, sent } = fleet(3, 2, { held: 1 });
    sent(0);
    assert.deepEqual(sent(100_000), []);
    policy.answered(0, 0, 100_000);
    assert.deepEqual(sent(100_000), []);
  });

  it('lets no more than three servers hold a request', () => {
    const { policy, sent } = fleet(5, 6, { held: 1 });
    sent(0);
    for (const server of [0, 1, 2, 3]) policy.answered(server, server, 10);
    policy.exclude(0);
    assert.deepEqual(sent(10), ['5@1']);
    policy.answered(1, 5, 20);
    assert.deepEqual(sent(1_000), ['4@2']);
    assert.deepEqual(sent(10_000), ['4@3']);
    assert.deepEqual(sent(100_000), []);
  });

  it('gives a server of less than half of the pace one request at a time', () => {
    const { policy, sent } = fleet(2, 20);
    sent(0);
    policy.answered(0, 0, 10);
    policy.answered(1, 2, 100);
    assert.deepEqual(sent(100), ['4@0']);
  });

  it('uses an excluded server no more, and gives what it held to others', () => {
    const { policy, sent } = fleet(2, 5, { held: 1 });
    sent(0);
    policy.exclude(0);
    assert.deepEqual(sent(1_000_000), []);
    assert.equal(policy.wakeAt(0), null);
    policy.answered(1, 1, 10);
    assert.deepEqual(sent(10), ['0@1']);
    assert.throws(() => policy.exclude(2), RangeError);
  });
});
