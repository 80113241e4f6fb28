import { mean, quantiles, type Row, rate } from './panel.ts';

/** From the queue to the vectors. */
export const engineRows: Row[] = [
  {
    title: 'Queue and batches',
    panels: [
      {
        title: 'Queue',
        unit: 'short',
        queries: [['sum by (instance, model) (hotvec_queue_tokens{$$})', 'tokens {{instance}} {{model}}']],
      },
      {
        title: 'Requests waiting',
        unit: 'short',
        queries: [['sum by (instance, model) (hotvec_queue_requests{$$})', '{{instance}} {{model}}']],
      },
      {
        title: 'Longest wait',
        unit: 's',
        queries: [['max by (instance, model) (hotvec_queue_oldest_seconds{$$})', '{{instance}} {{model}}']],
      },
      {
        title: 'Tokens in a batch',
        unit: 'short',
        queries: [
          [mean('hotvec_batch_tokens'), 'mean'],
          ['max by (model) (hotvec_batch_budget_tokens{$$})', 'budget {{model}}'],
        ],
      },
      { title: 'Sequences in a batch', unit: 'short', queries: [[mean('hotvec_batch_items'), 'mean']] },
      { title: 'Duration of a batch', unit: 's', queries: quantiles('hotvec_batch_duration_seconds') },
      {
        title: 'Work saved and wasted',
        unit: 'percentunit',
        description: 'Unique: computed rows for each token (safetensors). Padding: computed slots for nothing (ONNX).',
        queries: [
          [mean('hotvec_batch_unique_ratio'), 'unique'],
          [mean('hotvec_batch_padding_ratio'), 'padding'],
        ],
      },
      {
        title: 'Batches',
        unit: 'ops',
        queries: [[`sum(${rate('hotvec_batch_items_count')})`, 'batches/s']],
      },
      {
        title: 'Age of the batch being computed',
        unit: 's',
        queries: [['max by (instance, model) (hotvec_engine_batch_age_seconds{$$})', '{{instance}} {{model}}']],
      },
    ],
  },
  {
    title: 'Engine',
    panels: [
      {
        title: 'Busy',
        unit: 'percentunit',
        description: 'Near 1 the engine is the limit. A queue that grows below that waits for the main process.',
        queries: [
          [
            `sum by (instance, model, device_id, engine) (${rate('hotvec_engine_busy_seconds_total')})`,
            '{{instance}} {{model}} {{device_id}}/{{engine}}',
          ],
          ['avg by (model) (hotvec_engine_busy_ratio{$$})', 'all of {{model}}, last 10 s'],
        ],
      },
      {
        title: 'Resident memory of the engine',
        unit: 'bytes',
        queries: [['hotvec_engine_rss_bytes{$$}', '{{instance}} {{model}} {{device_id}}/{{engine}}']],
      },
      {
        title: 'Engine processes so far',
        unit: 'short',
        description: 'A step is a loss; the log says why.',
        queries: [
          ['hotvec_engine_epoch{$$}', '{{instance}} {{model}} {{device_id}}/{{engine}}'],
          ['sum by (reason) (hotvec_engine_restarts_total{$$}) > 0', 'lost: {{reason}}'],
        ],
      },
      {
        title: 'Must be 0',
        unit: 'short',
        queries: [
          ['sum(hotvec_nonfinite_rows_total{$$})', 'vectors without direction'],
          ['sum(hotvec_poison_inputs_total{$$})', 'inputs that killed the engine'],
          ['sum(hotvec_stale_replies_total{$$})', 'answers of a given-up engine'],
          ['sum(hotvec_log_lines_dropped_total{$$})', 'log lines not written'],
        ],
      },
      {
        title: 'Canary',
        unit: 'short',
        min: 0.98,
        description: 'Lowest cosine of a known text to its reference, at the last engine start.',
        queries: [['hotvec_canary_cosine{$$}', '{{instance}} {{model}} {{device_id}}/{{engine}}']],
      },
      {
        title: 'Ready',
        unit: 'bool',
        queries: [['hotvec_ready{$$}', '{{instance}}']],
      },
    ],
  },
];
