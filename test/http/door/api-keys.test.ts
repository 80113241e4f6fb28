import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ApiKeys, readApiKeys, reloadApiKeys } from '../../../src/http/door/api-keys.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { apiKeys, startStubService } from '../stub-service.ts';

const lineOf = (name: string, key: string) =>
  apiKeys({ [name]: key }).map(({ sha256 }) => `${name}:${sha256.toString('hex')}`)[0] as string;

describe('ApiKeys', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-keys-'));
    file = path.join(folder, 'keys');
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => writeFileSync(file, `${lineOf('search', 'old')}\n`));

  const open = () => new ApiKeys(() => readApiKeys(file));
  const reload = (keys: ApiKeys): Record<string, unknown> => {
    const lines: string[] = [];
    reloadApiKeys(keys, createLogger('info', { write: (line: string) => void lines.push(line) }));
    assert.equal(lines.length, 1, lines.join());
    return JSON.parse(lines[0] as string);
  };

  it('knows, after a reload, the keys that were added, and no longer those that were removed', () => {
    const keys = open();
    writeFileSync(file, `${lineOf('search', 'new')}\n# the next\n\n${lineOf('index', 'third')}\r\n`);
    assert.deepEqual([keys.nameOf('old'), keys.nameOf('new')], ['search', undefined], 'before the reload');
    const { level, msg, keys: count } = reload(keys);
    assert.deepEqual([level, msg, count], ['info', 'API keys reloaded', 2]);
    assert.deepEqual(
      ['old', 'new', 'third'].map((key) => keys.nameOf(key)),
      [undefined, 'search', 'index'],
    );
  });

  it('knows two keys of one name, for rotation', () => {
    writeFileSync(file, `${lineOf('search', 'old')}\n${lineOf('search', 'new')}\n`);
    const keys = open();
    assert.deepEqual(
      ['old', 'new', 'other'].map((key) => keys.nameOf(key)),
      ['search', 'search', undefined],
    );
  });

  for (const [what, text] of [
    ['a malformed line', `${lineOf('a', 'new')}\nGEHEIM: my-secret-key\n`],
    ['a key in place of its hash', 'search:my-secret-key\n'],
    ['a hash that was cut short', `${lineOf('search', 'new').slice(0, -1)}\n`],
    ['no key', '# all gone\n\n'],
    ['nothing', ''],
  ] as const) {
    it(`keeps the previous keys when the file has ${what}, and says so in one line that shows none of them`, () => {
      const keys = open();
      writeFileSync(file, text);
      const line = reload(keys);
      assert.deepEqual([line.level, line.keys], ['error', 1]);
      assert.match(line.reason as string, /^API_KEYS_FILE(, line \d: expected name:sha256| contains no keys)/);
      assert.doesNotMatch(JSON.stringify(line), /GEHEIM|secret|[0-9a-f]{16}/);
      assert.deepEqual([keys.nameOf('old'), keys.nameOf('new')], ['search', undefined]);
    });
  }

  it('keeps the previous keys when the file is gone', () => {
    const keys = open();
    rmSync(file);
    assert.match(reload(keys).reason as string, /API_KEYS_FILE cannot be read: ENOENT/);
    assert.equal(keys.nameOf('old'), 'search');
  });

  it('is not held up by a FIFO or a device in place of the file (the start hung)', {
    skip: process.platform === 'win32',
  }, () => {
    const fifo = path.join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    assert.throws(() => readApiKeys(fifo), /API_KEYS_FILE=.*fifo is a FIFO; expected a regular file/);
    assert.throws(() => readApiKeys('/dev/zero'), /is a device; expected a regular file/);
    assert.throws(() => readApiKeys(folder), /is a folder; expected a regular file/);
  });

  it('holds from the next request on, also on an open connection', async () => {
    const keys = open();
    const stub = await startStubService({ keys });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (key: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { authorization: `Bearer ${key}` };
        get(`${stub.url}/v1/models`, { agent, headers }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode));
        }).on('error', reject);
      });
    assert.equal(await ask('old'), 200);
    writeFileSync(file, `${lineOf('search', 'new')}\n`);
    keys.reload();
    assert.equal(await ask('old'), 401);
    assert.equal(await ask('new'), 200);
    agent.destroy();
    await stub.close();
  });
});
