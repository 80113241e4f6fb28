import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../src/package-info.ts';
import { assertNames } from '../support/assert-names.ts';
import { largestDifference } from '../support/difference.ts';
import { filesOf, LocalHub } from '../support/local-hub.ts';
import { paddedFixtures, paddedGolden } from '../support/padded-fixtures.ts';
import { startService } from '../support/running-service.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const starter = filesOf(path.join(packageRoot, 'models', 'starter'));
const weights = starter['model.safetensors'] as Buffer;
const MODEL = 'hotvec-test/starter';
/** To be made a process of, it would have to be there. */
const noEngine = new URL('./there-is-no-such-engine.js', import.meta.url);

describe('a model by its hub id, from the command line', () => {
  let hub: LocalHub;
  let home: string;
  let commit: string;
  const started: SpawnedCli[] = [];
  const cli = (command: string, args: string[] = [], environment: Record<string, string> = {}) => {
    const child = spawnCli([command, ...args], { HF_ENDPOINT: hub.url, HF_HOME: home, PORT: '0', ...environment });
    started.push(child);
    return child;
  };
  const serve = (environment: Record<string, string> = {}) => cli('serve', [], { MODEL, ...environment });
  const stop = async ({ child, exit }: SpawnedCli) => {
    child.kill('SIGTERM');
    return exit;
  };
  const folder = () => path.join(home, 'hub', 'models--hotvec-test--starter');
  const blobOf = (file: string) => realpathSync(path.join(folder(), 'snapshots', commit, file));

  beforeEach(async () => {
    hub = await LocalHub.start();
    home = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    commit = hub.publish(MODEL, { ...starter, 'README.md': 'not needed', 'pytorch_model.bin': 'not needed' });
  });
  afterEach(async () => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL');
    await hub.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is downloaded, verified and served; a second start asks nobody', async () => {
    const first = serve();
    const ready = await first.line('ready');
    assert.equal(ready.model, MODEL);
    assert.equal((await first.line('model revision resolved')).revision, commit);
    const body = (await (await fetch(`${ready.url}/v1/models/${MODEL}`)).json()) as { revision: string };
    assert.equal(body.revision, commit);
    const answer = await fetch(`${ready.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, input: 'a text' }),
    });
    assert.equal(answer.status, 200);
    assert.equal(await stop(first), 0);
    assert.ok(!hub.requests.some(({ url }) => /README|pytorch_model/.test(url)), 'only what is needed');

    // The branch moves, and the hub goes away: neither matters to what is cached.
    hub.publish(MODEL, { ...starter, 'README.md': 'newer' });
    hub.forget();
    const second = serve();
    assert.equal((await second.line('using the cached model')).revision, commit);
    await second.line('ready');
    assert.equal(await stop(second), 0);
    assert.equal(hub.requests.length, 0);
    await hub.close();
    const third = serve({ OFFLINE: '1' });
    const again = await third.line('ready');
    assert.equal(again.fingerprint, ready.fingerprint);
    assert.equal(await stop(third), 0);
  });

  it('refuses a flipped byte in any file before an engine is made, and pull repairs it', async () => {
    // As in the container, where it is no reason to ask for API keys.
    const pull = cli('pull', [MODEL], { HOST: '0.0.0.0' });
    assert.equal(await pull.exit, 0, pull.output());
    assert.match(pull.output(), new RegExp(`${MODEL} at ${commit}, 9\\.\\d MB`));
    const files = readdirSync(path.join(folder(), 'snapshots', commit), { recursive: true, encoding: 'utf8' });
    const names = files.filter((file) => file in starter).sort();
    assert.equal(names.length, Object.keys(starter).length - 1, 'all but the model card');
    const damaged = (file: string) => [`${file} of ${MODEL}`, 'damaged', `hotvec pull ${MODEL}`];
    const flip = (file: string): Buffer => {
      const right = readFileSync(blobOf(file));
      const wrong = Buffer.from(right);
      wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] as number) ^ 1;
      writeFileSync(blobOf(file), wrong);
      return right;
    };
    for (const file of names) {
      const right = flip(file);
      await assert.rejects(
        startService({ model: MODEL, hfEndpoint: hub.url, hfHome: home }, noEngine),
        (error: Error) => {
          assert.equal(error.name, 'StartError');
          assertNames(error.message, ...damaged(file));
          return true;
        },
      );
      writeFileSync(blobOf(file), right);
    }
    flip('model.safetensors');
    const refused = serve();
    assert.equal(await refused.exit, 1);
    const fatal = refused
      .output()
      .split('\n')
      .filter((line) => line.includes('"fatal"'));
    assert.equal(fatal.length, 1, refused.output());
    assertNames(String(fatal[0]), ...damaged('model.safetensors'));
    assert.doesNotMatch(refused.output(), /engine ready/);
    const repair = cli('pull', [MODEL]);
    assert.equal(await repair.exit, 0, repair.output());
    assert.match(repair.output(), /damaged/);
    assert.deepEqual(readFileSync(blobOf('model.safetensors')), weights);
    await serve().line('ready');
  });

  it('goes on where a process killed in the middle of a download stopped', async () => {
    const half = 5_000_000;
    hub.faults.push({ match: /model\.safetensors\?/, stallAfter: half, times: 1 });
    const killed = serve();
    const blobs = path.join(folder(), 'blobs');
    const partials = () => {
      try {
        return readdirSync(blobs).filter((name) => name.endsWith('.incomplete') && name.length > 64);
      } catch {
        return [];
      }
    };
    const size = () => partials().reduce((sum, name) => sum + readFileSync(path.join(blobs, name)).length, 0);
    while (size() < half) await sleep(20);
    killed.child.kill('SIGKILL');
    assert.equal(await killed.exit, 'SIGKILL');

    hub.forget();
    const resumed = serve();
    await resumed.line('ready');
    const ranges = hub.requests.filter(({ url }) => url.includes('model.safetensors')).map(({ range }) => range);
    assert.ok(ranges.length > 0 && ranges.every((range) => range === `bytes=${half}-`), String(ranges));
    assert.deepEqual(partials(), []);
    assert.equal(await stop(resumed), 0);
  });

  it('ends at once on SIGTERM in a download, and keeps what it has', async () => {
    hub.faults.push({ match: /model\.safetensors\?/, stallAfter: 1_000_000 });
    for (const command of ['serve', 'pull']) {
      const running = cli(command, ['--model', MODEL]);
      await running.line('downloading the model');
      while (!hub.requests.some(({ url }) => url.includes('model.safetensors?'))) await sleep(20);
      assert.equal(await stop(running), command === 'serve' ? 0 : 1, running.output());
      hub.forget();
    }
    assert.ok(readdirSync(path.join(folder(), 'blobs')).some((name) => name.endsWith('.incomplete')));
  });

  it('lets two processes pull the same model at once', async () => {
    const both = [cli('pull', [MODEL]), cli('pull', [MODEL])];
    for (const pull of both) assert.equal(await pull.exit, 0, pull.output());
    hub.forget();
    await serve().line('ready');
    assert.equal(hub.requests.length, 0);
    assert.ok(!readdirSync(path.join(folder(), 'blobs')).some((name) => name.endsWith('.incomplete')));
  });

  it('goes through the proxy that the usual variables name', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    // A tunnel for whatever is asked for, to this machine: hub.invalid is known to nobody else.
    proxy.on('connect', ({ url }, client) => {
      asked.push(String(url));
      const server = connect(Number(String(url).split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        server.pipe(client).pipe(server);
      });
      for (const socket of [server, client]) socket.on('error', () => {});
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const pull = cli('pull', [MODEL], {
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      HF_ENDPOINT: hub.url.replace('127.0.0.1', 'hub.invalid'),
    });
    assert.equal(await pull.exit, 0, pull.output());
    assert.ok(
      asked.some((host) => host.startsWith('hub.invalid:')),
      String(asked),
    );
    proxy.closeAllConnections();
    proxy.close();
  });

  it('never shows the token', async () => {
    hub.token = 'hf_secret_marker';
    const served = serve({ HF_TOKEN: hub.token });
    await served.line('ready');
    assert.doesNotMatch(served.output(), /secret_marker/);
    assert.equal(((await served.line('starting hotvec')).config as Record<string, string>).hfToken, '***');
    const storage = hub.requests.filter(({ host }) => host === 'storage');
    assert.ok(storage.length > 0 && storage.every(({ authorization }) => authorization === undefined));
    assert.ok(
      hub.requests
        .filter(({ host }) => host === 'hub')
        .every(({ authorization }) => authorization?.endsWith(String(hub.token))),
    );
    await stop(served);

    const wrong = cli('pull', [MODEL], { HF_TOKEN: 'hf_wrong_secret_marker' });
    assert.equal(await wrong.exit, 1);
    assert.match(wrong.output(), /HF_TOKEN was not accepted/);
    assert.doesNotMatch(wrong.output(), /secret_marker/);
  });

  it('never shows a token that no header can hold, nor the password of a proxy', async () => {
    const tokenFile = path.join(home, 'a-token');
    writeFileSync(tokenFile, 'hf_SECRET\nhf_SECRET');
    for (const [environment, code, message] of [
      [{ HF_TOKEN: 'hf_SECRET\nx' }, 78, /HF_TOKEN is invalid/],
      [{ HF_ENDPOINT: 'https://user:SECRET@mirror' }, 78, /HF_ENDPOINT is "\*\*\*@mirror"/],
      [{ HF_TOKEN_PATH: tokenFile }, 1, /a-token does not hold a token/],
      [{ HTTPS_PROXY: 'http://user:SECRET@%%%' }, 1, /HTTPS_PROXY or HTTP_PROXY is not a proxy address/],
      [{ HTTP_PROXY: 'http://user:SECRET%%@proxy:1' }, 1, /HTTP_PROXY is not a proxy address/],
    ] as const) {
      const failed = cli('pull', [MODEL], { ...environment });
      assert.equal(await failed.exit, code, failed.output());
      assert.match(failed.output(), message);
      assert.doesNotMatch(failed.output(), /SECRET/);
      if (code === 1) assert.equal(failed.output().trim().split('\n').length, 1, failed.output());
    }
  });

  for (const name of ['bert-pooled', 'bert-cls-dense', 'qwen3-decoder']) {
    it(`serves the ONNX export of a repository, with the vectors of PyTorch: ${name}`, async () => {
      const files = filesOf(path.join(paddedFixtures, name));
      hub.publish(`hotvec-test/${name}`, files);
      const { url } = await serve({ MODEL: `hotvec-test/${name}`, DTYPE: 'fp32' }).line('ready');
      const { texts } = paddedGolden(name);
      const answer = await fetch(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: texts.map(({ ids }) => ids) }),
      });
      assert.equal(answer.status, 200, await answer.clone().text());
      const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
      for (const [i, { vector, text }] of texts.entries()) {
        assert.ok(largestDifference(data[i]?.embedding ?? [], vector) < 1e-5, text);
      }
      const others = Object.keys(files).filter((file) => /_(fp16|quantized)\.onnx/.test(file));
      assert.ok(!hub.requests.some(({ url }) => others.some((file) => url.includes(file))), 'only the one export');
    });
  }

  it('exits with 78 when two revisions are named, and with 1 in one line for everything else', async () => {
    const both = cli('pull', [`${MODEL}@main`], { REVISION: 'v2' });
    assert.equal(await both.exit, 78);
    assert.match(both.output(), /name different revisions; set only one of them/);
    const twice = cli('pull', [MODEL, '--model', 'someone/else']);
    assert.equal(await twice.exit, 78);
    assert.match(twice.output(), /"hotvec-test\/starter" and --model both name a model/);
    assert.equal(await cli('verify', [MODEL, '--model=someone/else']).exit, 78);
    const starterRevision = cli('pull', ['starter'], { REVISION: 'v9' });
    assert.equal(await starterRevision.exit, 78);
    assert.match(starterRevision.output(), /REVISION=v9/);
    for (const [args, environment, message] of [
      [
        [MODEL],
        { OFFLINE: '1' },
        /OFFLINE=1, but .* does not have all files of .*Run `hotvec pull hotvec-test\/starter`/,
      ],
      [['hotvec-test/none'], {}, /there is no such model, or it is private\. Check the name, or set HF_TOKEN/],
      [[`${MODEL}@v9`], {}, /has no such revision/],
      [['./nowhere/at/all'], {}, /there is no folder \/.*nowhere\/at\/all, and .* is not a hub id/],
      [[MODEL], { DTYPE: 'fp32', REVISION: 'v9' }, /has no such revision/],
    ] as const) {
      const failed = cli('pull', [...args], { ...environment });
      assert.equal(await failed.exit, 1, failed.output());
      const lines = failed
        .output()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{'));
      assert.equal(lines.length, 1, failed.output());
      assert.match(lines[0] as string, message);
    }
  });
});
