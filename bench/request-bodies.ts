import type { EncodingFormat } from '../src/http/answers/encode-rows.ts';
import type { WorkItem } from './workloads.ts';

/** The bodies of `/v1/embeddings` for the items, `textsPerRequest` in each; what is left over is left out. */
export function requestBodies(
  items: readonly WorkItem[],
  textsPerRequest: number,
  format: EncodingFormat,
  extra: { model?: string } = {},
): string[] {
  return Array.from({ length: Math.floor(items.length / textsPerRequest) }, (_, i) => {
    const input = items.slice(i * textsPerRequest, (i + 1) * textsPerRequest).map((item) => item.input);
    return JSON.stringify({ ...extra, input, encoding_format: format });
  });
}
