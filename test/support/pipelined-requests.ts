import { connect } from 'node:net';

/** Sends all requests on one socket without waiting, and returns the answers' bodies in order. */
export function pipeline(url: string, path: string, bodies: readonly unknown[]): Promise<string[]> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = Buffer.alloc(0);
    const answers: string[] = [];
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${answers.length} answers`)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(received.subarray(0, end).toString())?.[1]);
        if (received.length < end + 4 + length) return;
        answers.push(received.subarray(end + 4, end + 4 + length).toString());
        received = received.subarray(end + 4 + length);
        if (answers.length === bodies.length) {
          resolve(answers);
          socket.destroy();
          return;
        }
      }
    });
    for (const body of bodies) {
      const json = JSON.stringify(body);
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
      );
    }
  });
}
