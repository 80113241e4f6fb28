/** The values of every series, by name with labels as they are written: `hotvec_ready`, `hotvec_rejected_total{reason="overloaded"}`. */
export type Series = ReadonlyMap<string, number>;

export function parseMetrics(text: string): Series {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** @param url of the service, without a path. */
export async function readMetrics(url: string, headers: Record<string, string> = {}): Promise<Series> {
  return parseMetrics(await (await fetch(`${url}/metrics`, { headers })).text());
}

/** Bytes of requests and answers that the service at `url` counts as in flight. */
export async function heldBytes(url: string, headers: Record<string, string> = {}): Promise<number> {
  return (await readMetrics(url, headers)).get('hotvec_inflight_bytes') ?? Number.NaN;
}
