import net from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends bytes as they are; resolves with every byte of the answer once the server closed the connection, or `enough`. */
export function sendRaw(url: string, bytes: string | Buffer, enough: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(url);
    let text = '';
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(20_000, () => socket.destroy(new Error(`no end after: ${text}`)));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (enough(text)) socket.destroy();
    });
    socket.on('error', reject).on('close', () => resolve(text));
  });
}

/** Collects what a socket receives, even if it fails. Returns a function that gives what was received so far. */
export function collect(socket: net.Socket): () => string {
  let text = '';
  socket
    .on('error', () => {})
    .setEncoding('latin1')
    .on('data', (chunk: string) => {
      text += chunk;
    });
  return () => text;
}

/** The answers in `text`, which holds nothing else; each has a content-length. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine) ?? [];
    const length = Number(/^content-length: *(\d+)$/im.exec(rest.slice(0, end))?.[1]);
    if (end < 0 || status === undefined || Number.isNaN(length)) throw new Error(`not an answer: ${rest}`);
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    answers.push({ status: Number(status), headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

/** For `enough`: whether that many complete answers have been received. */
export function answersAre(count: number): (text: string) => boolean {
  return (text) => {
    try {
      const answers = parseAnswers(text);
      return (
        answers.length === count &&
        answers.every(({ headers, body }) => body.length === Number(headers['content-length']))
      );
    } catch {
      return false;
    }
  };
}
