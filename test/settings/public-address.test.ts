import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, readConfig } from '../../src/settings/config.ts';
import { isLoopback } from '../../src/settings/loopback.ts';
import { spawnCli } from '../support/spawned-cli.ts';

const loopback = [
  ...['127.0.0.1', '127.0.0.2', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::0001'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:127.9.9.9', 'localhost', 'LOCALHOST'],
];
const reachable = [
  ...['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '0', '00', '0x0', '::0', '[::]', '::%lo', '*'],
  ...['::ffff:0.0.0.0', '::ffff:0:0', '::ffff:10.0.0.1', '::ffff:128.0.0.1', '::127.0.0.1', '::2'],
  ...['10.0.0.1', '192.168.1.1', '169.254.0.1', '128.0.0.1', '126.255.255.255', '1.127.0.0', 'fe80::1', 'fe80::1%eth0'],
  // What a resolver makes of these is its own affair.
  ...['127.1', '127.0.1', '2130706433', '0177.0.0.1', '0x7f.0.0.1', '127.0.0.1.', '127.0.0.256', '[::1]', '::1%lo'],
  ...[
    'hotvec',
    'hotvec.example',
    'localhost.example',
    'localhost.',
    'notlocalhost',
    '127.0.0.1.example',
    'ip6-localhost',
  ],
];

function problemsOf(environment: Record<string, string>, flags: string[] = []): readonly string[] {
  try {
    readConfig(environment, flags);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

describe('An address that other machines reach', () => {
  for (const host of loopback) {
    it(`is not ${host}: it needs no keys`, () => {
      assert.ok(isLoopback(host));
      assert.deepEqual(problemsOf({ HOST: host }), []);
      assert.deepEqual(problemsOf({ METRICS_HOST: host, METRICS_PORT: '9090' }), []);
    });
  }

  for (const host of reachable) {
    it(`is ${host}, or may be: refused without keys, by variable and by flag`, () => {
      const wanted = /^HOST=.* is reachable from other machines, but no API keys are set/;
      for (const problems of [
        problemsOf({ HOST: host }),
        problemsOf({ HOTVEC_HOST: host }),
        problemsOf({}, ['--host', host]),
      ]) {
        assert.equal(problems.length, 1);
        assert.match(problems[0] as string, wanted);
      }
      assert.match(problemsOf({ METRICS_HOST: host, METRICS_PORT: '9090' }).join(), /^METRICS_HOST=.* is reachable/);
      assert.deepEqual(problemsOf({ HOST: host, API_KEYS_FILE: 'keys' }), []);
      assert.deepEqual(problemsOf({ HOST: host, ALLOW_NO_AUTH: '1' }), []);
      assert.equal(problemsOf({ HOST: host, ALLOW_NO_AUTH: '0' }).length, 1);
    });
  }

  it('ends the process with 78 before it does anything', async () => {
    const hosts = ['0.0.0.0', '::', '0', '::ffff:0.0.0.0', 'hotvec.example'];
    const started = hosts.map((host) => spawnCli(['serve', '--port', '0', '--host', host]));
    for (const cli of started) {
      assert.equal(await cli.exit, 78);
      assert.match(cli.output(), /is reachable from other machines, but no API keys are set/);
      assert.doesNotMatch(cli.output(), /starting hotvec|listening/i);
    }
  });
});
