import assert from 'node:assert/strict';
import { lstatSync, readFileSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { FileHashes } from '../../../src/model-files/file-hashes.ts';
import { fingerprintOf } from '../../../src/model-files/fingerprint.ts';
import type { ModelLocation } from '../../../src/model-files/resolve-model.ts';
import { filesOf } from '../../support/local-hub.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { PullingFixture, tinyGraph, tinyModel } from '../../support/pulled-model.ts';
import { staticFixtures } from '../../support/static-fixtures.ts';

const MODEL = 'someone/tiny';
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
    fixture.hub.publish('someone/other', { ...files, '1_Pooling/config.json': '{"pooling_mode": "attention"}' });
    fixture.hub.forget();
    await assert.rejects(fixture.locate('someone/other'), { name: 'StartError', message: /attention/ });
    assert.ok(!fixture.fetched().includes('onnx/w.bin'));
  });

  for (const [what, files, message] of [
    ['an adapter beside weights', { 'adapter_config.json': '{}' }, /next to its weights is adapter_config\.json/],
    [
      'a field that it does not know',
      { 'sentence_bert_config.json': '{"processing_kwargs": {"text": {"add_special_tokens": false}}}' },
      /add_special_tokens is false/,
    ],
    ['a sparse model', { 'config_sentence_transformers.json': '{"model_type": "SparseEncoder"}' }, /is a sparse/],
    [
      'a classifier of two labels',
      {
        'config.json': '{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}',
        'config_sentence_transformers.json': '{"model_type": "CrossEncoder"}',
      },
      /2 labels/,
    ],
    ['a field of an older file', { 'sentence_roberta_config.json': '{"query_length": 32}' }, /query_length is 32/],
  ] as const) {
    it(`refuses ${what} before any weights are fetched`, async () => {
      fixture.hub.publish(MODEL, { ...tinyModel, ...files });
      await assert.rejects(fixture.locate(MODEL), { name: 'StartError', message });
      assert.ok(!fixture.fetched().some((file) => /onnx|safetensors/.test(file)));
    });
  }

  it('says of an adapter and of a sparse model that have no config.json what they are', async () => {
    const { 'config.json': _, 'onnx/model.onnx': __, ...rest } = tinyModel;
    fixture.hub.publish(MODEL, { ...rest, 'adapter_config.json': '{}', 'adapter_model.safetensors': 'weights' });
    await assert.rejects(fixture.locate(MODEL), { name: 'StartError', message: /this is an adapter .* not a model/ });
    const modules = '[{"path": "", "type": "sentence_transformers.sparse_encoder.models.SparseStaticEmbedding"}]';
    fixture.hub.publish('someone/sparse', { 'modules.json': modules, 'model.safetensors': 'weights' });
    await assert.rejects(fixture.locate('someone/sparse'), { name: 'StartError', message: /a sparse embedding model/ });
  });

  it('fetches a static model that has neither config.json nor tokenizer.json beside its modules.json, and serves it', async () => {
    const files = filesOf(path.join(staticFixtures, 'sentence-transformers-5'));
    fixture.hub.publish(MODEL, { ...files, 'onnx/model.onnx': 'an export', 'README.md': 'a card' });
    const location = await fixture.locate(MODEL);
    const own = ['0_StaticEmbedding/tokenizer.json', '0_StaticEmbedding/model.safetensors'];
    const small = ['modules.json', 'config_sentence_transformers.json'];
    assert.deepEqual(new Set(fixture.fetched()), new Set([...small, ...own]));
    const manifest = await describeModel(location);
    assert.equal(manifest.format, 'static');
    assert.ok(await fingerprintOf(manifest, 'fp32', new FileHashes(location.hashes)));
    // Nothing changed: nothing is fetched.
    fixture.hub.forget();
    await fixture.pull(MODEL);
    assert.deepEqual(
      fixture.fetched().filter((file) => own.includes(file)),
      [],
    );
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

  it('fetches the weights that are chosen, says which it leaves aside, and stays with them until the next pull', async () => {
    const folder = path.join(paddedFixtures, 'bert-mean');
    const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'modules.json', '1_Pooling/config.json'];
    const described = Object.fromEntries(names.map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]));
    const exported = { ...described, 'onnx/model.onnx': tinyGraph('sentence_embedding') };
    const both = {
      ...exported,
      'model.safetensors': 'weights',
      'onnx/model_quantized.onnx': tinyGraph('token_embeddings'),
    };
    const weightsIn = ({ files = new Set() }: ModelLocation) =>
      [...files].filter((file) => /safetensors|onnx$/.test(file));
    const said = () => fixture.events.flatMap((event) => (event.kind === 'left_aside' ? [event] : []));
    // Before the repository had safetensors.
    fixture.hub.publish(MODEL, exported);
    assert.deepEqual(weightsIn(await fixture.locate(MODEL)), ['onnx/model.onnx']);
    assert.deepEqual(said(), []);
    fixture.hub.publish(MODEL, both);
    assert.deepEqual(weightsIn(await fixture.locate(MODEL)), ['onnx/model.onnx']);
    assert.deepEqual(weightsIn(await fixture.pull(MODEL)), ['model.safetensors']);
    assert.deepEqual(weightsIn(await fixture.locate(MODEL)), ['model.safetensors']);
    assert.ok(!fixture.fetched().includes('onnx/model_quantized.onnx'));
    for (const [choice, chosen] of [
      [{ weights: 'onnx' }, 'onnx/model.onnx'],
      [{ weights: 'safetensors' }, 'model.safetensors'],
      [{ dtype: 'q8' }, 'onnx/model_quantized.onnx'],
    ] as const) {
      assert.deepEqual(weightsIn(await fixture.locate(MODEL, choice)), [chosen]);
      assert.deepEqual(weightsIn(await fixture.locate(MODEL, { ...choice, offline: true })), [chosen]);
    }
    const exports = { kind: 'onnx', reason: null, dtypes: ['fp32', 'q8'] };
    const safetensors = { kind: 'safetensors', reason: null, dtypes: ['fp32', 'int8'] };
    assert.deepEqual(
      said().map(({ weights, leftAside }) => ({ weights, leftAside })),
      [
        { weights: 'safetensors', leftAside: exports },
        { weights: 'onnx', leftAside: safetensors },
        { weights: 'safetensors', leftAside: exports },
        { weights: 'onnx', leftAside: safetensors },
      ],
    );
    await assert.rejects(fixture.locate('someone/else', { weights: 'onnx', dtype: 'fp32', offline: true }), {
      message: /\(WEIGHTS=onnx, DTYPE=fp32\)\. Run `hotvec pull someone\/else --weights onnx --dtype fp32`/,
    });
  });

  it('takes a snapshot of another tool with OFFLINE=1, by its hashes only', async () => {
    fixture.hub.publish(MODEL, tinyModel);
    const { folder, revision } = await fixture.locate(MODEL, { dtype: 'fp32' });
    rmSync(path.join(folder, '..', '..', '.hotvec'), { recursive: true });
    await assert.rejects(fixture.locate(MODEL, { offline: true }), {
      message: /Set WEIGHTS=onnx, and DTYPE to the one to serve/,
    });
    // Safetensors would be taken before it.
    await assert.rejects(fixture.locate(MODEL, { offline: true, dtype: 'fp32' }), { message: /Set WEIGHTS=onnx/ });
    const offline = { offline: true, weights: 'onnx', dtype: 'fp32' } as const;
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

  it('follows a link that points elsewhere to nothing: it is made anew', async () => {
    const commit = fixture.hub.publish(MODEL, tinyModel);
    const { folder } = await fixture.locate(MODEL);
    unlinkSync(path.join(folder, 'config.json'));
    symlinkSync('/nowhere', path.join(folder, 'config.json'));
    await fixture.locate(`${MODEL}@${commit}`);
    assert.equal(readFileSync(path.join(folder, 'config.json'), 'utf8'), tinyModel['config.json']);
  });
});
