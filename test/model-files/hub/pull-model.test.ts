import assert from 'node:assert/strict';
import {
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PullingFixture, tinyGraph, tinyModel } from '../../support/pulled-model.ts';

const MODEL = 'someone/tiny';
const graph = tinyModel['onnx/model.onnx'] as string;
const STORED = /model\.onnx\?signature/;
let fixture: PullingFixture;

describe('locateModel() with a model of Hugging Face', () => {
  beforeEach(async () => {
    fixture = await PullingFixture.start();
  });
  afterEach(() => fixture.close());

  it('fills the shared cache as the tools of Hugging Face do', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    const { name, folder, revision, source, hashes } = await fixture.locate(MODEL);
    assert.deepEqual([name, revision, source], [MODEL, commit, 'huggingface']);
    const root = path.join(fixture.home, 'hub', 'models--someone--tiny');
    assert.equal(folder, path.join(root, 'snapshots', commit));
    assert.equal(readFileSync(path.join(root, 'refs', 'main'), 'utf8'), commit);
    for (const [file, text] of Object.entries(tinyModel)) {
      const link = path.join(folder, file);
      assert.ok(lstatSync(link).isSymbolicLink(), file);
      assert.equal(readFileSync(link, 'utf8'), text);
      assert.match(
        path.basename(realpathSync(link)),
        file === 'onnx/model.onnx' ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40,64}$/,
      );
      assert.ok(hashes.has(realpathSync(link)), file);
    }
  });

  it('asks nobody for what it has, even after the branch moved; pull moves with it', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    await fixture.locate(MODEL);
    const newer = fixture.hub.publish(MODEL, { ...tinyModel, 'tokenizer.json': '{"a": "newer"}' });
    fixture.hub.forget();
    assert.equal((await fixture.locate(MODEL)).revision, commit);
    assert.equal(fixture.hub.requests.length, 0);
    assert.equal((await fixture.pull(MODEL)).revision, newer);
    assert.deepEqual(fixture.fetched(), ['tokenizer.json'], 'the rest is there already');
    assert.equal((await fixture.locate(MODEL)).revision, newer);
    assert.equal((await fixture.locate(`${MODEL}@${commit}`)).revision, commit);
  });

  it('gets what is missing at the commit that was served before', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    const { folder } = await fixture.locate(MODEL);
    fixture.hub.publish(MODEL, { ...tinyModel, 'tokenizer.json': '{"a": "newer"}' });
    unlinkSync(realpathSync(path.join(folder, 'onnx', 'model.onnx')));
    assert.equal((await fixture.locate(MODEL)).revision, commit);
    assert.equal(readFileSync(path.join(folder, 'onnx', 'model.onnx'), 'utf8'), graph);
  });

  it('verifies what lies in the cache, and downloads what is damaged again', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    const { folder } = await fixture.locate(MODEL);
    const record = path.join(folder, '..', '..', '.hotvec');
    const blob = realpathSync(path.join(folder, 'onnx', 'model.onnx'));
    writeFileSync(blob, graph.replace('graph', 'grapf'));
    rmSync(record, { recursive: true });
    await fixture.locate(MODEL);
    assert.equal(readFileSync(blob, 'utf8'), graph);
    assert.ok(fixture.events.some((event) => event.kind === 'damaged' && event.file === 'onnx/model.onnx'));
  });

  it('resumes after cuts, within one run, and says so', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.faults.push({ match: STORED, cutAfter: 3000, times: 3 });
    const { folder } = await fixture.locate(MODEL);
    assert.equal(readFileSync(path.join(folder, 'onnx/model.onnx'), 'utf8'), graph);
    const ranges = fixture.hub.requests.filter(({ url }) => STORED.test(url)).map(({ range }) => range);
    assert.deepEqual(ranges, [undefined, 'bytes=3000-', 'bytes=6000-', 'bytes=9000-']);
    assert.equal(fixture.events.filter(({ kind }) => kind === 'retry').length, 3);
  });

  it('gives up on a line that is cut again and again, keeps what came, and goes on in the next run', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.faults.push({ match: STORED, cutAfter: 1000, times: 5 });
    await assert.rejects(fixture.locate(MODEL), {
      name: 'StartError',
      message: /cannot be reached|the connection ended/,
    });
    fixture.hub.forget();
    await fixture.locate(MODEL);
    const ranges = fixture.hub.requests.filter(({ url }) => STORED.test(url)).map(({ range }) => range);
    assert.deepEqual(ranges, ['bytes=5000-']);
  });

  it('starts the file over at a server that knows no ranges', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.faults.push({ match: STORED, cutAfter: 3000, times: 1 }, { match: STORED, ignoreRange: true });
    const { folder } = await fixture.locate(MODEL);
    assert.equal(readFileSync(path.join(folder, 'onnx/model.onnx'), 'utf8'), graph);
  });

  it('does not take other bytes: once is forgiven, twice is refused', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    const body = (bytes: Buffer) => Buffer.from(bytes.toString().replace('the graph', 'the grapf'));
    fixture.hub.faults.push({ match: STORED, body, times: 2 });
    await assert.rejects(fixture.locate(MODEL), {
      name: 'StartError',
      message: /onnx\/model\.onnx was downloaded twice with bytes that do not match its sha256 .*, and was deleted/,
    });
    const blobs = path.join(fixture.home, 'hub', 'models--someone--tiny', 'blobs');
    assert.ok(
      !readdirSync(blobs).some(
        (name) => /^[0-9a-f]{64}$/.test(name) && readFileSync(path.join(blobs, name), 'utf8').includes('graph'),
      ),
    );
    assert.ok(!readdirSync(blobs).some((name) => name.endsWith('.incomplete')), 'nothing is left of it');
    fixture.hub.faults.push({ match: STORED, body, times: 1 });
    await fixture.locate(MODEL);
  });

  it('does not take a file of another size', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    for (const body of [(bytes: Buffer) => bytes.subarray(1), (bytes: Buffer) => Buffer.concat([bytes, bytes])]) {
      fixture.hub.faults = [{ match: STORED, body }];
      await assert.rejects(fixture.locate(MODEL), {
        name: 'StartError',
        message: /should have 10000 bytes, but the server sends/,
      });
    }
  });

  it('waits as long as a busy hub asks, and tries again', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.faults.push(
      { match: /\/api\/models/, status: 429, headers: { 'retry-after': '7' }, times: 2 },
      { match: /resolve/, status: 503, times: 1 },
    );
    await fixture.locate(MODEL);
    assert.deepEqual(fixture.waits.slice(0, 2), [7000, 7000]);
    assert.equal(fixture.waits.length, 3);
  });

  it('does not wait an hour for a hub that asks for one, and says why it waits', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    fixture.hub.faults.push({ match: /\/api\/models/, status: 429, headers: { 'retry-after': '3600' }, times: 2 });
    await fixture.locate(MODEL);
    assert.deepEqual(fixture.waits, [120_000, 120_000]);
    const retry = {
      kind: 'retry',
      file: 'the list of files',
      reason: 'status 429, which asks to wait 3600 s',
      waitMs: 120_000,
    };
    assert.deepEqual(
      fixture.events.filter(({ kind }) => kind === 'retry'),
      [retry, retry],
    );
  });

  for (const [file, text, message] of [
    ['config.json', '{\n  "model_type": nonsense\n}\n', /^config\.json of someone\/tiny is not valid JSON/],
    ['modules.json', '[null]', /^modules\.json is not an array of modules/],
    ['modules.json', '{"a": 1}', /^modules\.json is not an array of modules/],
  ] as const) {
    it(`says in one line that ${file} cannot be ${JSON.stringify(text)}`, async () => {
      fixture.hub.publish(MODEL, { ...tinyModel, [file]: text });
      await assert.rejects(fixture.locate(MODEL), (error: Error) => {
        assert.equal(error.name, 'StartError', error.stack);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  it('fetches a graph before its data, whose names it says, and neither data nor more of a model it cannot serve', async () => {
    const files = {
      ...tinyModel,
      'onnx/model.onnx': tinyGraph('last_hidden_state', 0, 'w.bin'),
      'onnx/w.bin': 'weights',
    };
    fixture.hub.publish(MODEL, files);
    const { folder } = await fixture.locate(MODEL);
    assert.equal(readFileSync(path.join(folder, 'onnx', 'w.bin'), 'utf8'), 'weights');
    fixture.hub.publish('someone/other', { ...files, '1_Pooling/config.json': '{"pooling_mode": "weightedmean"}' });
    fixture.hub.forget();
    await assert.rejects(fixture.locate('someone/other'), { name: 'StartError', message: /weightedmean/ });
    assert.ok(!fixture.fetched().includes('onnx/w.bin'));
  });

  for (const [what, files, message] of [
    ['an adapter beside weights', { 'adapter_config.json': '{}' }, /next to its weights is adapter_config\.json/],
    [
      'a field that it does not know',
      { 'sentence_bert_config.json': '{"processing_kwargs": {"text": {"add_special_tokens": false}}}' },
      /add_special_tokens is false/,
    ],
    ['a reranker', { 'config_sentence_transformers.json': '{"model_type": "CrossEncoder"}' }, /is a reranker/],
    ['a field of an older file', { 'sentence_roberta_config.json': '{"query_length": 32}' }, /query_length is 32/],
  ] as const) {
    it(`refuses ${what} before any weights are fetched`, async () => {
      fixture.hub.publish(MODEL, { ...tinyModel, ...files });
      await assert.rejects(fixture.locate(MODEL), { name: 'StartError', message });
      assert.ok(!fixture.fetched().some((file) => /onnx|safetensors/.test(file)));
    });
  }

  it('says of an adapter and of a static model that have no config.json what they are', async () => {
    const { 'config.json': _, 'onnx/model.onnx': __, ...rest } = tinyModel;
    fixture.hub.publish(MODEL, { ...rest, 'adapter_config.json': '{}', 'adapter_model.safetensors': 'weights' });
    await assert.rejects(fixture.locate(MODEL), { name: 'StartError', message: /this is an adapter .* not a model/ });
    const modules = '[{"path": "0_StaticEmbedding", "type": "sentence_transformers.models.StaticEmbedding"}]';
    fixture.hub.publish('someone/static', {
      'modules.json': modules,
      '0_StaticEmbedding/model.safetensors': 'weights',
    });
    await assert.rejects(fixture.locate('someone/static'), { name: 'StartError', message: /a static embedding model/ });
  });

  it('says in one line that a name is too long for the disk', async () => {
    const folder = 'x'.repeat(300);
    fixture.hub.publish(MODEL, {
      ...tinyModel,
      'modules.json': JSON.stringify([
        { path: '', type: 'sentence_transformers.models.Transformer' },
        { path: folder, type: 'sentence_transformers.models.Pooling' },
      ]),
      [`${folder}/config.json`]: '{"pooling_mode_cls_token": true}',
    });
    await assert.rejects(fixture.locate(MODEL), { name: 'StartError', message: /too long for the disk of/ });
  });

  for (const [what, fault, message, token] of [
    ['too many requests', { status: 429 }, /answered 429 .*too many requests\. Try again later, set HF_TOKEN/, ''],
    ['a hub that fails', { status: 503 }, /answered 503 .*repeatedly\. Try again later/, ''],
    [
      'a gated model',
      { status: 401, headers: { 'x-error-code': 'GatedRepo' } },
      /is gated.*Accept its terms at .*someone\/tiny, then set HF_TOKEN/,
      '',
    ],
    [
      'a gated model without access',
      { status: 403, headers: { 'x-error-code': 'GatedRepo' } },
      /is gated, and the account behind HF_TOKEN has no access yet/,
      'hf_t',
    ],
    [
      'a private or unknown model',
      { status: 401, headers: { 'x-error-code': 'RepoNotFound' } },
      /there is no such model, or it is private\. Check the name, or set HF_TOKEN/,
      '',
    ],
    ['a token that is wrong', { status: 401 }, /HF_TOKEN was not accepted/, 'hf_t'],
    [
      'an unknown model',
      { status: 404, headers: { 'x-error-code': 'RepoNotFound' } },
      /it has no model someone\/tiny/,
      'hf_t',
    ],
    [
      'an unknown revision',
      { status: 404, headers: { 'x-error-code': 'RevisionNotFound' } },
      /has no such revision/,
      '',
    ],
    [
      'a captive portal',
      { text: '<html>Welcome to our hotel</html>' },
      /did not respond to a request for .* the way Hugging Face does.*Check HF_ENDPOINT/,
      '',
    ],
  ] as const) {
    it(`says in one line what to do about ${what}`, async () => {
      fixture.hub.publish(MODEL, tinyModel);
      fixture.hub.faults.push({ match: /\/api\/models/, ...fault });
      await assert.rejects(fixture.locate(MODEL, { hfToken: token }), (error: Error) => {
        assert.equal(error.name, 'StartError');
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n') && (token === '' || !error.message.includes(token)));
        return true;
      });
    });
  }

  it('says what to do where there is no network', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    await fixture.hub.close();
    await assert.rejects(fixture.locate(MODEL), {
      name: 'StartError',
      message:
        /Hugging Face \(http.*\) cannot be reached for someone\/tiny: .*ECONNREFUSED.*Check the network and HTTPS_PROXY/,
    });
  });

  it('never asks anybody with OFFLINE=1, and serves what the cache has', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    await assert.rejects(fixture.locate(MODEL, { offline: true }), {
      name: 'StartError',
      message: /OFFLINE=1, but .* does not have all files of someone\/tiny at main .*Run `hotvec pull someone\/tiny`/,
    });
    assert.equal(fixture.hub.requests.length, 0);
    await fixture.locate(MODEL);
    fixture.hub.forget();
    await fixture.locate(MODEL, { offline: true });
    await fixture.pull(MODEL, { offline: true });
    assert.equal(fixture.hub.requests.length, 0);
  });

  it('takes a snapshot of another tool with OFFLINE=1, by its hashes only', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    const { folder, revision } = await fixture.locate(MODEL, { dtype: 'fp32' });
    rmSync(path.join(folder, '..', '..', '.hotvec'), { recursive: true });
    await assert.rejects(fixture.locate(MODEL, { offline: true }), { message: /Set DTYPE to the one to serve/ });
    const offline = { offline: true, dtype: 'fp32' } as const;
    assert.equal((await fixture.locate(MODEL, offline)).revision, revision);
    for (const file of ['onnx/model.onnx', 'config.json']) {
      const blob = realpathSync(path.join(folder, file));
      const right = readFileSync(blob, 'utf8');
      writeFileSync(blob, right.replace('the ', 'The ').replace('"hidden_size":8', '"hidden_size":9'));
      await assert.rejects(fixture.locate(MODEL, offline), {
        name: 'StartError',
        message: new RegExp(`${file}.* is damaged`),
      });
      writeFileSync(blob, right);
    }
    unlinkSync(path.join(folder, 'tokenizer_config.json'));
    await assert.rejects(fixture.locate(MODEL, offline), {
      message: /it has no tokenizer_config\.json, and it is unknown whether the model has/,
    });
    unlinkSync(path.join(folder, 'modules.json'));
    await assert.rejects(fixture.locate(MODEL, offline), {
      message: /it has no modules\.json, and it is unknown whether the model has/,
    });
  });

  it('writes nothing outside the snapshot, whatever a repository calls its files', async () => {
    fixture.hub.publish(MODEL, { ...tinyModel, '../../../../outside/config.json': '{}', '/etc/config.json': '{}' });
    await fixture.locate(MODEL);
    for (const folder of ['../../../../outside', '/etc']) {
      const modules = JSON.stringify([{ path: folder, type: 'sentence_transformers.models.Pooling' }]);
      const name = `someone/${folder.length}`;
      fixture.hub.publish(name, { ...tinyModel, 'modules.json': modules, [`${folder}/config.json`]: '{}' });
      await assert.rejects(fixture.locate(name), {
        name: 'StartError',
        message: /only folders inside the model folder/,
      });
    }
    assert.ok(fixture.fetched().every((file) => !file.includes('..') && !file.startsWith('/')));
  });

  it('follows a link that points elsewhere to nothing: it is made anew', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    const { folder } = await fixture.locate(MODEL);
    unlinkSync(path.join(folder, 'config.json'));
    symlinkSync('/nowhere', path.join(folder, 'config.json'));
    await fixture.locate(`${MODEL}@${commit}`);
    assert.equal(readFileSync(path.join(folder, 'config.json'), 'utf8'), tinyModel['config.json']);
  });
});
