import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertNames } from '../support/assert-names.ts';
import { largestDifference } from '../support/difference.ts';
import { filesOf } from '../support/local-hub.ts';
import { paddedFixtures, paddedGolden } from '../support/padded-fixtures.ts';
import { MODEL, StarterOnHub } from '../support/starter-on-hub.ts';

describe('a model by its hub id, from the command line', () => {
  const at = new StarterOnHub();

  it('is served with OFFLINE=1 once it was pulled, when there is no hub any more', async () => {
    assert.equal(await at.cli('pull', [MODEL]).exit, 0);
    await at.hub.close();
    const offline = at.serve({ OFFLINE: '1' });
    assert.match(String((await offline.line('ready')).fingerprint), /^[0-9a-f]{16}$/);
    assert.equal(await at.stop(offline), 0);
  });

  it('is refused in one line, before an engine is started, when a file of it was damaged', async () => {
    assert.equal(await at.cli('pull', [MODEL]).exit, 0);
    const weights = readFileSync(at.blobOf('model.safetensors'));
    weights[weights.length >> 1] = (weights[weights.length >> 1] as number) ^ 1;
    writeFileSync(at.blobOf('model.safetensors'), weights);
    const refused = at.serve();
    assert.equal(await refused.exit, 1);
    const fatal = refused
      .output()
      .split('\n')
      .filter((line) => line.includes('"fatal"'));
    assert.equal(fatal.length, 1, refused.output());
    assertNames(String(fatal[0]), `model.safetensors of ${MODEL}`, 'damaged', `hotvec pull ${MODEL}`);
    assert.doesNotMatch(refused.output(), /engine ready/);
    assert.equal(await at.cli('pull', [MODEL]).exit, 0);
    await at.serve().line('ready');
  });

  it('goes on where a process killed in the middle of a download stopped', async () => {
    const half = 5_000_000;
    at.hub.faults.push({ match: /model\.safetensors\?/, stallAfter: half, times: 1 });
    const killed = at.serve();
    const blobs = path.join(at.folder, 'blobs');
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

    at.hub.forget();
    const resumed = at.serve();
    await resumed.line('ready');
    const ranges = at.hub.requests.filter(({ url }) => url.includes('model.safetensors')).map(({ range }) => range);
    assert.ok(ranges.length > 0 && ranges.every((range) => range === `bytes=${half}-`), String(ranges));
    assert.deepEqual(partials(), []);
    assert.equal(await at.stop(resumed), 0);
  });

  it('ends at once on SIGTERM in a download, and keeps what it has', async () => {
    at.hub.faults.push({ match: /model\.safetensors\?/, stallAfter: 1_000_000 });
    for (const command of ['serve', 'pull']) {
      const running = at.cli(command, ['--model', MODEL]);
      await running.line('downloading the model');
      while (!at.hub.requests.some(({ url }) => url.includes('model.safetensors?'))) await sleep(20);
      assert.equal(await at.stop(running), command === 'serve' ? 0 : 1, running.output());
      at.hub.forget();
    }
    assert.ok(readdirSync(path.join(at.folder, 'blobs')).some((name) => name.endsWith('.incomplete')));
  });

  it('lets two processes pull the same model at once', async () => {
    const both = [at.cli('pull', [MODEL]), at.cli('pull', [MODEL])];
    for (const pull of both) assert.equal(await pull.exit, 0, pull.output());
    at.hub.forget();
    await at.serve().line('ready');
    assert.equal(at.hub.requests.length, 0);
    assert.ok(!readdirSync(path.join(at.folder, 'blobs')).some((name) => name.endsWith('.incomplete')));
  });

  it('goes through the proxy that the usual variables name', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    // A tunnel to this machine, whatever the host: only the proxy can resolve hub.invalid.
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
    const pull = at.cli('pull', [MODEL], {
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      HF_ENDPOINT: at.hub.url.replace('127.0.0.1', 'hub.invalid'),
    });
    assert.equal(await pull.exit, 0, pull.output());
    assert.ok(
      asked.some((host) => host.startsWith('hub.invalid:')),
      String(asked),
    );
    proxy.closeAllConnections();
    proxy.close();
  });

  it('never shows a token that no header can hold, nor the password of a proxy', async () => {
    const tokenFile = path.join(at.home, 'a-token');
    writeFileSync(tokenFile, 'hf_SECRET\nhf_SECRET');
    for (const [environment, code, message] of [
      [{ HF_TOKEN: 'hf_SECRET\nx' }, 78, /HF_TOKEN is invalid/],
      [{ HF_ENDPOINT: 'https://user:SECRET@mirror' }, 78, /HF_ENDPOINT is "\*\*\*@mirror"/],
      [{ HF_TOKEN_PATH: tokenFile }, 1, /a-token does not hold a token/],
      [{ HTTPS_PROXY: 'http://user:SECRET@%%%' }, 1, /HTTPS_PROXY or HTTP_PROXY is not a proxy address/],
      [{ HTTP_PROXY: 'http://user:SECRET%%@proxy:1' }, 1, /HTTP_PROXY is not a proxy address/],
    ] as const) {
      const failed = at.cli('pull', [MODEL], { ...environment });
      assert.equal(await failed.exit, code, failed.output());
      assert.match(failed.output(), message);
      assert.doesNotMatch(failed.output(), /SECRET/);
      if (code === 1) assert.equal(failed.output().trim().split('\n').length, 1, failed.output());
    }
  });

  for (const name of ['bert-pooled', 'bert-cls-dense', 'qwen3-decoder']) {
    it(`serves the ONNX export of a repository, with the vectors of PyTorch: ${name}`, async () => {
      const files = filesOf(path.join(paddedFixtures, name));
      at.hub.publish(`hotvec-test/${name}`, files);
      const { url } = await at.serve({ MODEL: `hotvec-test/${name}`, DTYPE: 'fp32' }).line('ready');
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
      assert.ok(!at.hub.requests.some(({ url }) => others.some((file) => url.includes(file))), 'only the one export');
    });
  }

  it('exits with 78 when two revisions are named, and with 1 in one line for everything else', async () => {
    const both = at.cli('pull', [`${MODEL}@main`], { REVISION: 'v2' });
    assert.equal(await both.exit, 78);
    assert.match(both.output(), /name different revisions; set only one of them/);
    const twice = at.cli('pull', [MODEL, '--model', 'someone/else']);
    assert.equal(await twice.exit, 78);
    assert.match(twice.output(), /"hotvec-test\/starter" and --model both name a model/);
    assert.equal(await at.cli('verify', [MODEL, '--model=someone/else']).exit, 78);
    const starterRevision = at.cli('pull', ['starter'], { REVISION: 'v9' });
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
      const failed = at.cli('pull', [...args], { ...environment });
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
