import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figuresOf } from '../../playground/model/live-figures.ts';
import { type DescribedModel, modelFacts } from '../../playground/model/model-facts.ts';
import { readSamples, sumOf } from '../../playground/model/read-samples.ts';
import { bytes, count, duration, rate } from '../../playground/model/units.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../../src/metrics/observed-metrics.ts';

describe('readSamples()', () => {
  it('reads names, labels with every escape, and numbers; comments and what is no sample it leaves out', () => {
    const samples = readSamples(
      [
        '# HELP a_total "quoted" {x="y"} 3',
        '# TYPE a_total counter',
        'a_total{model="one",device_id="0"} 3',
        'a_total{model="one",device_id="1"} 4.5 1700000000000',
        'a_total{model="a \\"b\\", c=\\"d\\\\e\\n"} 1e3',
        'bare 7',
        'b_bucket{le="+Inf"} +Inf',
        '',
        'no number',
      ].join('\n'),
    );
    assert.equal(sumOf(samples, 'a_total', { model: 'one' }), 7.5);
    assert.equal(sumOf(samples, 'a_total', { model: 'one', device_id: '1' }), 4.5);
    assert.equal(sumOf(samples, 'a_total', { model: 'a "b", c="d\\e\n' }), 1000);
    assert.equal(sumOf(samples, 'bare', {}), 7);
    assert.equal(sumOf(samples, 'a_total', { model: 'two' }), null);
    assert.equal(sumOf(samples, 'c', {}), null);
  });

  it('reads all that hotvec writes', async () => {
    const { registry } = new Metrics(() => NOTHING_OBSERVED);
    const text = await registry.metrics();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const samples = readSamples(text);
    assert.ok(lines.length > 20);
    assert.equal([...samples.values()].flat().length, lines.length);
  });
});

describe('figuresOf()', () => {
  const reading = (atMs: number, tokens: number, more = '') => ({
    atMs,
    samples: readSamples(`hotvec_tokens_total{model="m"} ${tokens}\nhotvec_tokens_total{model="other"} 9\n${more}`),
  });

  it('is what was done between two readings, of one model', () => {
    const before = reading(1000, 100, 'hotvec_batch_items_count{model="m"} 2\nhotvec_batch_items_sum{model="m"} 4');
    const batches = 'hotvec_batch_items_count{model="m"} 4\nhotvec_batch_items_sum{model="m"} 14';
    const queue =
      'hotvec_queue_tokens{model="m"} 30\nhotvec_queue_requests{model="m"} 2\nhotvec_queue_oldest_seconds{model="m"} 0.5';
    const engines =
      'hotvec_engine_rss_bytes{model="m",device_id="0"} 10\nhotvec_engine_rss_bytes{model="m",device_id="1"} 20\nhotvec_engine_restarts_total{reason="exit",model="m",device_id="0"} 1';
    const now = reading(3000, 150, [batches, queue, engines, 'hotvec_engine_busy_ratio{model="m"} 0.25'].join('\n'));
    assert.deepEqual(figuresOf('m', before, now), {
      tokensPerSecond: 25,
      inputsPerSecond: 0,
      batchesPerSecond: 1,
      inputsPerBatch: 5,
      busy: 0.25,
      queuedTokens: 30,
      queuedRequests: 2,
      oldestSeconds: 0.5,
      memoryBytes: 30,
      restarts: 1,
    });
  });

  it('is nothing where nothing was done, and never less, when the counters begin again', () => {
    for (const now of [reading(2000, 100), reading(2000, 0)]) {
      const { tokensPerSecond, inputsPerBatch, memoryBytes } = figuresOf('m', reading(1000, 100), now);
      assert.deepEqual([tokensPerSecond, inputsPerBatch, memoryBytes], [0, null, null]);
    }
  });
});

describe('units', () => {
  it('are those that people read', () => {
    assert.deepEqual([count(0), count(16_384), count(0.6)], ['0', '16,384', '1']);
    assert.deepEqual(
      [rate(0), rate(0.4213), rate(3.14), rate(9.99), rate(1250.4)],
      ['0', '0.42', '3.1', '10', '1,250'],
    );
    assert.deepEqual([bytes(512), bytes(16 * 2 ** 20), bytes(1.5 * 2 ** 30)], ['512 bytes', '16 MiB', '1.5 GiB']);
    assert.deepEqual(
      [duration(0.4), duration(1), duration(119), duration(7200), duration(200_000)],
      ['0 seconds', '1 second', '1 minute', '2 hours', '2 days'],
    );
  });
});

describe('modelFacts()', () => {
  const common = {
    max_input_tokens: 512,
    max_request_tokens: 4096,
    max_inputs: 64,
    max_body_bytes: 2 ** 20,
    vocabulary_size: 30_522,
    weights: 'safetensors',
    revision: null,
  } as const;
  const loading = { batch_tokens: null, dtype: null, device: null };
  const ready = { batch_tokens: 2048, dtype: 'bf16', device: 'cuda' };
  const say = (model: DescribedModel) =>
    modelFacts(model)
      .flatMap(({ facts }) => facts.map(({ name, value, about = '' }) => `${name}: ${value}. ${about}`))
      .join('\n');

  it('says of an embedding model what a vector is and how it may be cut', () => {
    const model = { ...common, ...ready, task: 'embed', dimensions: 1024, pooling: 'mean', normalize: true } as const;
    const cut = { is_matryoshka: true, min_dimensions: 32, matryoshka_dimensions: [256, 512] };
    assert.match(say({ ...model, ...cut }), /a vector of 1,024 numbers.*from 32 .*trained for 256, 512/);
    assert.match(say({ ...model, is_matryoshka: false }), /Cannot be cut/);
    assert.match(say({ ...model, normalize: false }), /as the model gives it/);
    for (const words of [/GPU, by CUDA/, /bf16/, /up to 2,048 tokens/, /512 tokens/, /64 texts/, /1 MiB as JSON/]) {
      assert.match(say(model), words);
    }
  });

  it('says of a reranker what a score means and what it is asked', () => {
    const model = { ...common, ...ready, task: 'rerank', default_instruction: 'Find answers' } as const;
    assert.match(say({ ...model, activation: 'sigmoid' }), /a score from 0 to 1[\s\S]*Find answers[\s\S]*64 documents/);
    assert.match(say({ ...model, activation: 'identity', default_instruction: null }), /of any size[\s\S]*takes none/);
  });

  it('says what is not known while a model is being loaded, and names what it has no words for', () => {
    const model = { ...common, task: 'embed', dimensions: 8, pooling: 'weighted_mean' } as const;
    assert.equal(say({ ...model, ...loading }).match(/known once it is loaded/g)?.length, 3);
    assert.match(say({ ...model, ...ready, dtype: 'q4f16' }), /q4f16[\s\S]*/);
    assert.match(say({ ...model, ...ready, revision: 'abc123' }), /Revision: abc123/);
    assert.match(say({ ...model, ...ready }), /Pooling: weighted mean/);
  });
});
