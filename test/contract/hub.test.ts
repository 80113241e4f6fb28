import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ModelSettings } from '../../src/model-files/model-settings.ts';
import { assertNames } from '../support/assert-names.ts';
import { PullingFixture, tinyGraph, tinyModel } from '../support/pulled-model.ts';

const MODEL = 'someone/tiny';
const graph = tinyModel['onnx/model.onnx'] as string;

/** A hub, and what differs between it and the others: its settings, its paths, how its lists can lie. */
interface HubCase {
  title: string;
  source: ModelSettings['modelSource'];
  /** Folder of its cache, below HF_HOME. */
  cache: string;
  endpointSetting: string;
  tokenSetting: string;
  withToken: (token: string) => Partial<ModelSettings>;
  /** Requests for the list of files, for any file, and for the bytes of the large one. */
  list: RegExp;
  file: RegExp;
  large: RegExp;
  lies: Record<string, unknown>[];
}

const hubs: HubCase[] = [
  {
    title: 'Hugging Face',
    source: 'huggingface',
    cache: 'hub',
    endpointSetting: 'HF_ENDPOINT',
    tokenSetting: 'HF_TOKEN',
    withToken: (hfToken) => ({ hfToken, modelscopeApiToken: 'of-another-hub' }),
    list: /\/api\/models/,
    file: /resolve/,
    large: /model\.onnx\?signature/,
    lies: [
      { size: 'abc' },
      { size: -5 },
      { size: 1.5 },
      { size: 2 ** 60 },
      { size: null },
      { oid: 'a'.repeat(64) },
      { oid: 'A'.repeat(40) },
      { oid: null },
      { oid: '../../../victim/file.txt' },
      { lfs: { oid: 'b'.repeat(40), size: 1, pointerSize: 1 } },
      { lfs: { oid: '../../../victim/file.txt', size: 3, pointerSize: 133 } },
      { path: 5 },
    ],
  },
  {
    title: 'ModelScope',
    source: 'modelscope',
    cache: 'modelscope',
    endpointSetting: 'MODELSCOPE_ENDPOINT',
    tokenSetting: 'MODELSCOPE_API_TOKEN',
    withToken: (modelscopeApiToken) => ({ modelscopeApiToken, hfToken: 'of-another-hub' }),
    list: /repo\/files/,
    file: /FilePath=/,
    large: /FilePath=onnx/,
    lies: [
      { Sha256: '../../../victim/file.txt' },
      { Sha256: 'a'.repeat(40) },
      { Sha256: null },
      { Size: 'abc' },
      { Size: -1 },
      { Size: 1.5 },
      { Size: null },
      { Path: null },
      { Revision: 7 },
    ],
  },
];

for (const hub of hubs) {
  describe(`Hub contract: ${hub.title}`, () => {
    let fixture: PullingFixture;
    const locate = (model = MODEL, settings: Partial<ModelSettings> = {}) =>
      fixture.locate(model, { modelSource: hub.source, ...settings });
    const pull = (model = MODEL, settings: Partial<ModelSettings> = {}) =>
      fixture.pull(model, { modelSource: hub.source, ...settings });
    const root = () => path.join(fixture.home, hub.cache, 'models--someone--tiny');
    const asked = (match: RegExp) => fixture.hub.requests.filter(({ url }) => match.test(url));

    /** Refused in one line that names all of these. */
    async function refused(pulling: Promise<unknown>, ...named: (string | RegExp)[]): Promise<void> {
      await assert.rejects(pulling, (error: Error) => {
        assert.equal(error.name, 'StartError', error.stack);
        assert.doesNotMatch(error.message, /\n/);
        assertNames(error.message, ...named);
        return true;
      });
    }

    beforeEach(async () => {
      fixture = await PullingFixture.start();
    });
    afterEach(() => fixture.close());

    it('has its files in a cache of its own, at the commit', async () => {
      const commit = fixture.hub.publish(MODEL, tinyModel);
      const { name, folder, revision, source, hashes } = await locate();
      assert.deepEqual([name, revision, source], [MODEL, commit, hub.source]);
      assert.equal(folder, path.join(root(), 'snapshots', commit));
      for (const [file, text] of Object.entries(tinyModel)) {
        assert.equal(readFileSync(path.join(folder, file), 'utf8'), text);
        assert.ok(hashes.has(realpathSync(path.join(folder, file))), file);
      }
      for (const { cache } of hubs) assert.equal(existsSync(path.join(fixture.home, cache)), cache === hub.cache);
    });

    it('is not asked for cached files, even after the branch moved; pull follows the branch', async () => {
      const commit = fixture.hub.publish(MODEL, tinyModel);
      await locate();
      const newer = fixture.hub.publish(MODEL, { ...tinyModel, 'tokenizer.json': '{"a": "newer"}' });
      fixture.hub.forget();
      assert.equal((await locate()).revision, commit);
      assert.equal(fixture.hub.requests.length, 0);
      assert.equal((await pull()).revision, newer);
      assert.deepEqual(fixture.fetched(), ['tokenizer.json'], 'the rest is there already');
      assert.equal((await locate()).revision, newer);
      assert.equal((await locate(`${MODEL}@${commit}`)).revision, commit);
    });

    it('gives what is missing at the commit that was served before', async () => {
      const commit = fixture.hub.publish(MODEL, tinyModel);
      const { folder } = await locate();
      fixture.hub.publish(MODEL, { ...tinyModel, 'tokenizer.json': '{"a": "newer"}' });
      unlinkSync(realpathSync(path.join(folder, 'onnx', 'model.onnx')));
      assert.equal((await locate()).revision, commit);
      assert.equal(readFileSync(path.join(folder, 'onnx', 'model.onnx'), 'utf8'), graph);
    });

    it('gives again what is damaged in the cache', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      const { folder } = await locate();
      const blob = realpathSync(path.join(folder, 'onnx', 'model.onnx'));
      writeFileSync(blob, graph.replace('graph', 'grapf'));
      rmSync(path.join(root(), '.hotvec'), { recursive: true });
      await locate();
      assert.equal(readFileSync(blob, 'utf8'), graph);
      assert.ok(fixture.events.some((event) => event.kind === 'damaged' && event.file === 'onnx/model.onnx'));
    });

    it('is asked for the rest after cuts, within one run, which says so', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.faults.push({ match: hub.large, cutAfter: 3000, times: 3 });
      const { folder } = await locate();
      assert.equal(readFileSync(path.join(folder, 'onnx/model.onnx'), 'utf8'), graph);
      const ranges = asked(hub.large).map(({ range }) => range);
      assert.deepEqual(ranges, [undefined, 'bytes=3000-', 'bytes=6000-', 'bytes=9000-']);
      assert.equal(fixture.events.filter(({ kind }) => kind === 'retry').length, 3);
    });

    it('is given up where a line is cut again and again; what came is kept for the next run', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.faults.push({ match: hub.large, cutAfter: 1000, times: 5 });
      await refused(locate(), /cannot be reached|the connection ended/);
      fixture.hub.forget();
      await locate();
      assert.deepEqual(
        asked(hub.large).map(({ range }) => range),
        ['bytes=5000-'],
      );
    });

    it('may know no ranges: the file is begun again', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.faults.push({ match: hub.large, cutAfter: 3000, times: 1 }, { match: hub.large, ignoreRange: true });
      const { folder } = await locate();
      assert.equal(readFileSync(path.join(folder, 'onnx/model.onnx'), 'utf8'), graph);
    });

    it('is forgiven other bytes once, and refused twice', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      const body = (bytes: Buffer) => Buffer.from(bytes.toString().replace('the graph', 'the grapf'));
      fixture.hub.faults.push({ match: hub.large, body, times: 2 });
      await refused(locate(), 'onnx/model.onnx', 'sha256', 'twice');
      const blobs = path.join(root(), 'blobs');
      const contents = readdirSync(blobs).map((name) => readFileSync(path.join(blobs, name), 'utf8'));
      assert.ok(!contents.some((text) => text.includes('grapf')));
      assert.ok(!readdirSync(blobs).some((name) => name.endsWith('.incomplete')), 'nothing is left of it');
      fixture.hub.faults.push({ match: hub.large, body, times: 1 });
      await locate();
    });

    it('is refused a file of another size', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      for (const body of [(bytes: Buffer) => bytes.subarray(1), (bytes: Buffer) => Buffer.concat([bytes, bytes])]) {
        fixture.hub.faults = [{ match: hub.large, body }];
        await refused(locate(), 'onnx/model.onnx', '10000');
      }
    });

    it('is waited for as long as it asks, when it is busy, and asked again', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.faults.push(
        { match: hub.list, status: 429, headers: { 'retry-after': '7' }, times: 2 },
        { match: hub.file, status: 503, times: 1 },
      );
      await locate();
      assert.deepEqual(fixture.waits.slice(0, 2), [7000, 7000]);
      assert.equal(fixture.waits.length, 3);
    });

    it('is not waited for an hour, and why it is waited for is said', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.faults.push({ match: hub.list, status: 429, headers: { 'retry-after': '3600' }, times: 2 });
      await locate();
      assert.deepEqual(fixture.waits, [120_000, 120_000]);
      const retries = fixture.events.filter((event) => event.kind === 'retry');
      assert.equal(retries.length, 2);
      for (const { file, reason, waitMs } of retries) {
        assert.deepEqual([file, waitMs], ['the list of files', 120_000]);
        assert.match(reason, /429.*3600/);
      }
    });

    it('is sent its own token and no other; no other host is sent it', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.token = 'its-own';
      await locate(MODEL, hub.withToken('its-own'));
      for (const { host, authorization, cookie } of fixture.hub.requests) {
        assert.equal(authorization, host === 'hub' ? 'Bearer its-own' : undefined);
        assert.doesNotMatch(String(cookie), /of-another-hub/);
      }
    });

    for (const [what, fault, named] of [
      ['too many requests', { status: 429 }, ['429', 'Try again later', hub.tokenSetting]],
      ['a hub that fails', { status: 503 }, ['503', 'Try again later']],
      ['a captive portal', { text: '<html>Welcome to our hotel</html>' }, [hub.title, `Check ${hub.endpointSetting}`]],
    ] as const) {
      it(`says in one line what to do about ${what}`, async () => {
        fixture.hub.publish(MODEL, tinyModel);
        fixture.hub.faults.push({ match: hub.list, ...fault });
        await refused(locate(), ...named);
      });
    }

    it('says what to do about an unknown revision, an unknown model, and one that needs a token', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      await refused(locate(`${MODEL}@v7`), MODEL, /no such revision/);
      await refused(locate('someone/else', hub.withToken('any')), hub.title, '404', 'someone/else');
      fixture.hub.token = 'secret';
      await refused(locate(), /set /i, hub.tokenSetting);
    });

    it('says what to do without a network', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      await fixture.hub.close();
      await refused(locate(), hub.title, MODEL, 'ECONNREFUSED', 'HTTPS_PROXY');
    });

    it('is never asked with OFFLINE=1: what the cache has is served', async () => {
      fixture.hub.publish(MODEL, tinyModel);
      await refused(locate(MODEL, { offline: true }), 'OFFLINE=1', `${MODEL} at `, `hotvec pull ${MODEL}`);
      assert.equal(fixture.hub.requests.length, 0);
      await locate();
      fixture.hub.forget();
      await locate(MODEL, { offline: true });
      await pull(MODEL, { offline: true });
      assert.equal(fixture.hub.requests.length, 0);
    });

    for (const lie of hub.lies) {
      it(`is refused, and nothing is written, with ${JSON.stringify(lie)} in its list`, async () => {
        fixture.hub.publish(MODEL, tinyModel);
        fixture.hub.lies['config.json'] = lie;
        await refused(locate(), hub.title, MODEL, 'damaged', 'Check ', hub.endpointSetting);
        assert.deepEqual(fixture.fetched(), []);
        assert.ok(!existsSync(path.join(fixture.home, hub.cache)));
      });
    }

    it('names a graph’s data by the graph, and is asked for no other file', async () => {
      const files = {
        ...tinyModel,
        'onnx/model.onnx': tinyGraph('last_hidden_state', 0, 'w.bin'),
        'onnx/w.bin': 'weights',
        'README.md': 'not needed',
      };
      fixture.hub.publish(MODEL, files);
      const { folder } = await locate();
      assert.equal(readFileSync(path.join(folder, 'onnx', 'w.bin'), 'utf8'), 'weights');
      assert.ok(!fixture.fetched().includes('README.md'));
    });

    it('writes nothing outside the snapshot, whatever its repositories call their files', async () => {
      fixture.hub.publish(MODEL, { ...tinyModel, '../../../../outside/config.json': '{}', '/etc/config.json': '{}' });
      await locate();
      for (const folder of ['../../../../outside', '/etc']) {
        const modules = JSON.stringify([{ path: folder, type: 'sentence_transformers.models.Pooling' }]);
        const name = `someone/${folder.length}`;
        fixture.hub.publish(name, { ...tinyModel, 'modules.json': modules, [`${folder}/config.json`]: '{}' });
        await refused(locate(name), 'modules.json', folder);
      }
      assert.ok(fixture.fetched().every((file) => !file.includes('..') && !file.startsWith('/')));
    });
  });
}
