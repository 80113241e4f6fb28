import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP/JSON writes it. */
export interface CollectedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  traceState: string | undefined;
  kind: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  isError: boolean;
  attributes: Record<string, unknown>;
}

export interface LocalCollector {
  url: string;
  /** Status to answer with from now on; null: nothing is answered. */
  status: number | null;
  spans: CollectedSpan[];
  /** Attributes of the resource of the last export. */
  resource: Record<string, unknown>;
  requests: { path: string; headers: IncomingHttpHeaders; body: Buffer }[];
  /** Connections that were opened, whatever came of them. */
  connections: number;
  close: () => Promise<void>;
}

interface Value {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
}

interface Attribute {
  key: string;
  value: Value;
}

/** An OpenTelemetry collector on loopback that keeps what it is sent: OTLP over HTTP. Reads JSON, keeps protobuf as it is. */
export async function startCollector(port = 0): Promise<LocalCollector> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    collector.requests.push({ path: request.url ?? '', headers: request.headers, body });
    if (collector.status === null) return;
    if (collector.status === 200 && request.headers['content-type'] === 'application/json') keep(collector, body);
    response.writeHead(collector.status, { 'content-type': 'application/json' }).end('{}');
  });
  server.on('connection', () => {
    collector.connections += 1;
  });
  server.listen(port, '127.0.0.1');
  // A test that fails before closing this must still end.
  server.unref();
  await once(server, 'listening');
  const collector: LocalCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    status: 200,
    spans: [],
    resource: {},
    requests: [],
    connections: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return collector;
}

function keep(collector: LocalCollector, body: Buffer): void {
  const { resourceSpans } = JSON.parse(body.toString()) as {
    resourceSpans: {
      resource: { attributes: Attribute[] };
      scopeSpans: { spans: (Record<string, unknown> & { attributes: Attribute[] })[] }[];
    }[];
  };
  for (const { resource, scopeSpans } of resourceSpans) {
    collector.resource = record(resource.attributes);
    for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
      collector.spans.push({
        name: span.name as string,
        traceId: span.traceId as string,
        spanId: span.spanId as string,
        parentSpanId: span.parentSpanId as string | undefined,
        traceState: span.traceState as string | undefined,
        kind: span.kind as number,
        startedAt: Number(span.startTimeUnixNano) / 1e6,
        endedAt: Number(span.endTimeUnixNano) / 1e6,
        isError: (span.status as { code?: number }).code === 2,
        attributes: record(span.attributes),
      });
    }
  }
}

function record(attributes: Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}
