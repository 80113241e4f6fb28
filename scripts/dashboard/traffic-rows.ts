import { CLIENTS, quantiles, type Row, rate, share } from './panel.ts';

/** What clients see. */
export const trafficRows: Row[] = [
  {
    title: 'Now',
    panels: [
      { title: 'Ready', kind: 'stat', width: 3, queries: [['sum(hotvec_ready{$$})', 'servers']] },
      { title: 'Engines in service', kind: 'stat', width: 3, queries: [['sum(hotvec_engine_up{$$})', 'engines']] },
      {
        title: 'Requests',
        kind: 'stat',
        unit: 'reqps',
        width: 3,
        queries: [[`sum(${rate('hotvec_http_requests_total', CLIENTS)})`, 'requests']],
      },
      {
        title: 'Tokens',
        kind: 'stat',
        unit: 'short',
        width: 3,
        description: 'Tokens embedded a second, as clients are told in `usage`.',
        queries: [[`sum(${rate('hotvec_tokens_total')})`, 'tokens/s']],
      },
      {
        title: 'Refused (429)',
        kind: 'stat',
        unit: 'percentunit',
        width: 3,
        queries: [[share('429'), 'refused']],
      },
      { title: 'Failed (5xx)', kind: 'stat', unit: 'percentunit', width: 3, queries: [[share('5..'), 'failed']] },
      {
        title: 'Served',
        kind: 'table',
        width: 6,
        description: 'Servers with different fingerprints must not feed one index.',
        queries: [['hotvec_build_info{$$}', '']],
      },
    ],
  },
  {
    title: 'Requests',
    panels: [
      {
        title: 'Requests by status',
        unit: 'reqps',
        queries: [[`sum by (status) (${rate('hotvec_http_requests_total', CLIENTS)})`, '{{status}}']],
      },
      {
        title: 'Requests by route',
        unit: 'reqps',
        queries: [[`sum by (route) (${rate('hotvec_http_requests_total', CLIENTS)})`, '{{route}}']],
      },
      {
        title: 'Errors by reason',
        unit: 'reqps',
        description: 'Requests; and single inputs whose request was served (`on_error: partial`).',
        queries: [
          [`sum by (reason) (${rate('hotvec_rejected_total')}) > 0`, '{{reason}}'],
          [`sum by (reason) (${rate('hotvec_failed_inputs_total')}) > 0`, 'input: {{reason}}'],
        ],
      },
      {
        title: 'Latency of clients',
        unit: 's',
        description: 'From the headers of the request to the last byte of the answer.',
        queries: quantiles('hotvec_http_request_duration_seconds', CLIENTS),
      },
      {
        title: 'Latency by stage, p95',
        unit: 's',
        queries: [
          [
            `histogram_quantile(0.95, sum by (le, stage) (${rate('hotvec_stage_duration_seconds_bucket')}))`,
            '{{stage}}',
          ],
        ],
      },
      {
        title: 'Where the time goes: mean by stage',
        unit: 's',
        queries: [
          [
            `sum by (stage) (${rate('hotvec_stage_duration_seconds_sum')}) / sum by (stage) (${rate('hotvec_stage_duration_seconds_count')})`,
            '{{stage}}',
          ],
        ],
      },
      {
        title: 'Clients that left before the answer',
        unit: 'reqps',
        description: 'By what was being done for them.',
        queries: [[`sum by (phase) (${rate('hotvec_cancelled_total')})`, '{{phase}}']],
      },
      {
        title: 'Inputs',
        unit: 'short',
        description: 'A second. Shared: in flight already, so computed once.',
        queries: [
          [`sum(${rate('hotvec_inputs_total')})`, 'embedded'],
          [`sum(${rate('hotvec_shared_inputs_total')})`, 'shared'],
          [`sum(${rate('hotvec_truncated_inputs_total')})`, 'truncated'],
        ],
      },
      {
        title: 'Tokens a second',
        unit: 'short',
        description: 'Embedded, and what the engine showed over its recent batches.',
        queries: [
          [`sum(${rate('hotvec_tokens_total')})`, 'embedded'],
          ['sum by (model) (hotvec_tokens_per_second{$$})', 'engine of {{model}}'],
        ],
      },
    ],
  },
];
