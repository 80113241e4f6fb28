import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  headers: IncomingHttpHeaders;
  body: Buffer;
  milliseconds: number;
}

/** A plain HTTP client with kept-alive connections: a benchmark's client must cost little beside the server. */
export class HttpClient {
  private readonly url: string;
  private readonly agent: Agent;

  constructor(url: string, connections: number) {
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** @throws for every status but 200: an error is quickly answered, and would count as speed. */
  send(path: string, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const start = performance.now();
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const method = body === undefined ? 'GET' : 'POST';
      const outgoing = request(this.url + path, { method, agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const milliseconds = performance.now() - start;
          const answer = { headers: response.headers, body: Buffer.concat(chunks), milliseconds };
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`${path} answered ${response.statusCode}: ${answer.body.subarray(0, 300)}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Posts every body once, `clients` at a time, each client its next when its last is answered. Returns seconds. */
  async closedLoop(path: string, bodies: readonly string[], clients: number): Promise<number> {
    let next = 0;
    const start = performance.now();
    const client = async () => {
      while (next < bodies.length) await this.send(path, bodies[next++]);
    };
    await Promise.all(Array.from({ length: clients }, client));
    return (performance.now() - start) / 1000;
  }

  close(): void {
    this.agent.destroy();
  }
}
