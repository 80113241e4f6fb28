import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { PEERS } from '../../../bench/peers/peers.ts';
import { readPeersOptions } from '../../../bench/peers/read-peers-options.ts';
import { packageRoot } from '../../../src/package-info.ts';

describe('arguments of bench:peers', () => {
  const outside = mkdtempSync(path.join(tmpdir(), 'hotvec-peers-'));
  after(() => rmSync(outside, { recursive: true }));
  const model = path.join(packageRoot, 'models', 'starter');
  const read = (...args: string[]) => readPeersOptions(['--folder', outside, '--model', model, ...args]);

  it('takes all peers and installs none unless told otherwise', () => {
    const { peers, install, models, folder } = read() ?? assert.fail();
    assert.deepEqual([peers, install, models, folder], [PEERS, false, [model], outside]);
    const { peers: chosen, install: asked } =
      read('--only', 'infinity', '--only', 'vllm', '--install') ?? assert.fail();
    assert.deepEqual([chosen.map(({ id }) => id), asked], [['vllm', 'infinity'], true]);
  });

  it('refuses a folder in the repository, by its own name, through a link, and one that is yet to be made', () => {
    const link = path.join(outside, 'link');
    symlinkSync(packageRoot, link);
    const inside = ['.', 'peers', 'bench/peers/new/deep', '..peers'].map((name) => path.join(packageRoot, name));
    for (const folder of [...inside, link, path.join(link, 'peers')]) {
      assert.throws(
        () => readPeersOptions(['--folder', folder, '--model', model]),
        /--folder .* lies in this repository/,
      );
      assert.ok(folder === link || !folder.includes('new') || !existsSync(folder));
    }
    const parent = path.join(packageRoot, '..', 'hotvec-peers');
    assert.equal(readPeersOptions(['--folder', parent, '--model', model])?.folder, parent);
  });

  it('refuses by name what is missing or unknown', () => {
    assert.throws(() => readPeersOptions(['--model', model]), /--folder/);
    assert.throws(() => readPeersOptions(['--folder', outside]), /--model/);
    assert.throws(() => readPeersOptions(['--folder', outside, '--model', outside]), /no .*config\.json/);
    assert.throws(() => read('--only', 'tei'), /no peer tei.*vllm.*infinity/);
    assert.throws(() => read('--rounds', 'many'), /--rounds is a number above 0, not many/);
    assert.throws(() => read('--everything'), /--everything/);
  });

  it('has a script in the repository for each peer', () => {
    for (const { script } of PEERS) {
      if (script !== null) assert.ok(existsSync(path.join(packageRoot, 'bench', 'peers', script)), script);
    }
  });
});
