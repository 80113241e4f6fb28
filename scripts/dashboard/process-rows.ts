import { type Row, rate } from './panel.ts';

/** The main process and its vector cache. */
export const processRows: Row[] = [
  {
    title: 'Vector cache (VECTOR_CACHE_MB)',
    panels: [
      {
        title: 'Hits',
        unit: 'percentunit',
        queries: [
          [
            `sum(${rate('hotvec_cache_hits_total')}) / (sum(${rate('hotvec_cache_hits_total')}) + sum(${rate('hotvec_cache_misses_total')}))`,
            'hits',
          ],
        ],
      },
      { title: 'Memory', unit: 'bytes', queries: [['sum by (instance) (hotvec_cache_bytes{$$})', '{{instance}}']] },
      {
        title: 'Evictions',
        unit: 'ops',
        queries: [[`sum(${rate('hotvec_cache_evictions_total')})`, 'vectors/s']],
      },
    ],
  },
  {
    title: 'Batch API (BATCH_DIR)',
    panels: [
      {
        title: 'Lines answered',
        unit: 'ops',
        queries: [[`sum by (outcome) (${rate('hotvec_batch_api_lines_total')})`, '{{outcome}}']],
      },
      {
        title: 'Batches',
        unit: 'short',
        description: 'Paused: their answers cannot be stored.',
        queries: [
          ['sum by (instance) (hotvec_batch_api_unfinished{$$})', 'unfinished {{instance}}'],
          ['sum by (instance) (hotvec_batch_api_paused{$$})', 'paused {{instance}}'],
        ],
      },
      {
        title: 'Oldest batch that waits',
        unit: 's',
        queries: [['max by (instance) (hotvec_batch_api_oldest_waiting_seconds{$$})', '{{instance}}']],
      },
      {
        title: 'Files',
        unit: 'bytes',
        queries: [
          ['sum by (instance) (hotvec_batch_api_stored_bytes{$$})', 'stored {{instance}}'],
          ['sum by (instance) (hotvec_batch_api_max_stored_bytes{$$})', 'at most {{instance}}'],
        ],
      },
    ],
  },
  {
    title: 'Main process',
    panels: [
      {
        title: 'Event-loop lag',
        unit: 's',
        description: 'Above 0.2 s the main process is the limit, and answers come late.',
        queries: [
          ['max by (instance) (hotvec_nodejs_eventloop_lag_p50_seconds{$$})', 'p50 {{instance}}'],
          ['max by (instance) (hotvec_nodejs_eventloop_lag_p99_seconds{$$})', 'p99 {{instance}}'],
        ],
      },
      {
        title: 'CPU of the main process',
        unit: 'short',
        description: 'Cores, the engine not counted.',
        queries: [[`sum by (instance) (${rate('hotvec_process_cpu_seconds_total')})`, '{{instance}}']],
      },
      {
        title: 'Memory of the main process',
        unit: 'bytes',
        queries: [
          ['sum by (instance) (hotvec_process_resident_memory_bytes{$$})', 'resident {{instance}}'],
          ['sum by (instance) (hotvec_nodejs_heap_size_used_bytes{$$})', 'heap {{instance}}'],
        ],
      },
      {
        title: 'Request bodies inside',
        unit: 'bytes',
        description: 'Received or announced, and not answered.',
        queries: [['sum by (instance) (hotvec_inflight_bytes{$$})', '{{instance}}']],
      },
      {
        title: 'Garbage collection',
        unit: 'percentunit',
        description: 'Part of the time.',
        queries: [
          [`sum by (instance, kind) (${rate('hotvec_nodejs_gc_duration_seconds_sum')})`, '{{kind}} {{instance}}'],
        ],
      },
      {
        title: 'Open files and connections',
        unit: 'short',
        queries: [
          ['sum by (instance) (hotvec_process_open_fds{$$})', 'open {{instance}}'],
          ['min(hotvec_process_max_fds{$$})', 'limit'],
        ],
      },
    ],
  },
];
