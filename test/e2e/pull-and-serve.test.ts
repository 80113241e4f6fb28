import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { assertNames } from '../support/assert-names.ts';
import { startService } from '../support/running-service.ts';
import { noEngine } from '../support/start-failure.ts';
import { MODEL, StarterOnHub, starterFiles } from '../support/starter-on-hub.ts';

const weights = starterFiles['model.safetensors'] as Buffer;

describe('a model by its hub id, from the command line', () => {
  const at = new StarterOnHub();

  it('is downloaded, verified and served; a second start makes no request', async () => {
    const first = at.serve();
    const ready = await first.line('ready');
    assert.equal(ready.model, MODEL);
    assert.equal((await first.line('model revision resolved')).revision, at.commit);
    const body = (await (await fetch(`${ready.url}/v1/models/${MODEL}`)).json()) as { revision: string };
    assert.equal(body.revision, at.commit);
    const answer = await fetch(`${ready.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, input: 'a text' }),
    });
    assert.equal(answer.status, 200);
    assert.equal(await at.stop(first), 0);
    assert.ok(!at.hub.requests.some(({ url }) => /README|pytorch_model/.test(url)), 'only what is needed');

    // The branch moves, and the hub goes away: neither matters to what is cached.
    at.hub.publish(MODEL, { ...starterFiles, 'README.md': 'newer' });
    at.hub.forget();
    const second = at.serve();
    assert.equal((await second.line('using the cached model')).revision, at.commit);
    await second.line('ready');
    assert.equal(await at.stop(second), 0);
    assert.equal(at.hub.requests.length, 0);
  });

  it('refuses a flipped byte in any file before an engine is made, and pull repairs it', async () => {
    // As in the container, where it is no reason to ask for API keys.
    const pull = at.cli('pull', [MODEL], { HOST: '0.0.0.0' });
    assert.equal(await pull.exit, 0, pull.output());
    assert.match(pull.output(), new RegExp(`${MODEL} at ${at.commit}, 9\\.\\d MB`));
    const files = readdirSync(path.join(at.folder, 'snapshots', at.commit), { recursive: true, encoding: 'utf8' });
    const names = files.filter((file) => file in starterFiles).sort();
    assert.equal(names.length, Object.keys(starterFiles).length - 1, 'all but the model card');
    const damaged = (file: string) => [`${file} of ${MODEL}`, 'damaged', `hotvec pull ${MODEL}`];
    const flip = (file: string): Buffer => {
      const right = readFileSync(at.blobOf(file));
      const wrong = Buffer.from(right);
      wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] as number) ^ 1;
      writeFileSync(at.blobOf(file), wrong);
      return right;
    };
    for (const file of names) {
      const right = flip(file);
      await assert.rejects(
        startService({ model: MODEL, hfEndpoint: at.hub.url, hfHome: at.home }, noEngine),
        (error: Error) => {
          assert.equal(error.name, 'StartError');
          assertNames(error.message, ...damaged(file));
          return true;
        },
      );
      writeFileSync(at.blobOf(file), right);
    }
    flip('model.safetensors');
    const repair = at.cli('pull', [MODEL]);
    assert.equal(await repair.exit, 0, repair.output());
    assert.match(repair.output(), /damaged/);
    assert.deepEqual(readFileSync(at.blobOf('model.safetensors')), weights);
  });

  it('refuses a large file that is damaged while the model is loaded, before it serves', async () => {
    assert.equal(await at.cli('pull', [MODEL]).exit, 0);
    // As weights of which the model is made would be: of the record, in the snapshot, and not what the record says.
    const recordFile = path.join(at.folder, '.hotvec', at.commit, 'auto.json');
    const record = JSON.parse(readFileSync(recordFile, 'utf8')) as { files: object[] };
    const size = 2 ** 26 + 1;
    record.files.push({ path: 'large.bin', size, sha256: '0'.repeat(64) });
    writeFileSync(recordFile, JSON.stringify(record));
    const large = path.join(at.folder, 'snapshots', at.commit, 'large.bin');
    writeFileSync(large, '');
    truncateSync(large, size);
    const server = at.serve();
    const ready = server.line('ready').then(
      () => 'ready',
      () => server.exit,
    );
    assert.equal(await Promise.race([server.exit, ready]), 1, server.output());
    assertNames(server.output(), `large.bin of ${MODEL}`, 'damaged', `hotvec pull ${MODEL}`);
  });

  it('never shows the token', async () => {
    at.hub.token = 'hf_secret_marker';
    const served = at.serve({ HF_TOKEN: at.hub.token });
    await served.line('ready');
    assert.doesNotMatch(served.output(), /secret_marker/);
    assert.equal(((await served.line('starting hotvec')).config as Record<string, string>).hfToken, '***');
    const storage = at.hub.requests.filter(({ host }) => host === 'storage');
    assert.ok(storage.length > 0 && storage.every(({ authorization }) => authorization === undefined));
    assert.ok(
      at.hub.requests
        .filter(({ host }) => host === 'hub')
        .every(({ authorization }) => authorization?.endsWith(String(at.hub.token))),
    );
    await at.stop(served);

    const wrong = at.cli('pull', [MODEL], { HF_TOKEN: 'hf_wrong_secret_marker' });
    assert.equal(await wrong.exit, 1);
    assert.match(wrong.output(), /HF_TOKEN was not accepted/);
    assert.doesNotMatch(wrong.output(), /secret_marker/);
  });
});
