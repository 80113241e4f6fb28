/** One panel of the dashboard. In expressions `$$` stands for the labels that choose the server: `hotvec_ready{$$}`. */
export interface Panel {
  title: string;
  /** What a reader wants to know who sees it for the first time. */
  description?: string;
  kind?: 'timeseries' | 'stat' | 'table';
  /** Grafana's name of the unit. */
  unit?: string;
  /** Where the axis of a time series begins; 0 unless told. */
  min?: number;
  /** Of 24 columns. */
  width?: number;
  /** Expression and legend, one pair a line. */
  queries: [expression: string, legend: string][];
}

export interface Row {
  title: string;
  panels: Panel[];
}

/** Requests of clients, without probes and scrapes. */
export const CLIENTS = 'route!~"/livez|/readyz|/health|/metrics"';

/** Increase a second, over the time that fits the resolution of the picture. */
export const rate = (metric: string, labels = '') => `rate(${metric}{$$${labels && `, ${labels}`}}[$__rate_interval])`;

/** Quantiles of a histogram, one line each. */
export function quantiles(metric: string, labels = ''): Panel['queries'] {
  return [0.5, 0.95, 0.99].map((quantile) => [
    `histogram_quantile(${quantile}, sum by (le) (${rate(`${metric}_bucket`, labels)}))`,
    `p${quantile * 100}`,
  ]);
}

/** Mean of a histogram. */
export function mean(metric: string): string {
  return `sum(${rate(`${metric}_sum`)}) / sum(${rate(`${metric}_count`)})`;
}

/** Part of the clients' requests whose status is one of these; 0 where no request has had it yet. */
export function share(status: string): string {
  const some = rate('hotvec_http_requests_total', `${CLIENTS}, status=~"${status}"`);
  return `(sum(${some}) or vector(0)) / sum(${rate('hotvec_http_requests_total', CLIENTS)})`;
}
