/** A request that the API's description shows, and what the starter model answers to it (proven by a test). */
export interface Exchange {
  summary: string;
  request: unknown;
  response: unknown;
}

/** By the name that request and answer share in the description. */
export type Exchanges = Record<string, Exchange>;

/** Named examples, as OpenAPI has them. */
export type NamedExamples = Record<string, { summary: string; value: unknown }>;

export function requestExamples(exchanges: Exchanges): NamedExamples {
  return mapExamples(exchanges, ({ summary, request }) => ({ summary, value: request }));
}

export function responseExamples(exchanges: Exchanges): NamedExamples {
  return mapExamples(exchanges, ({ summary, response }) => ({ summary, value: response }));
}

function mapExamples(exchanges: Exchanges, pick: (exchange: Exchange) => NamedExamples[string]): NamedExamples {
  return Object.fromEntries(Object.entries(exchanges).map(([name, exchange]) => [name, pick(exchange)]));
}
