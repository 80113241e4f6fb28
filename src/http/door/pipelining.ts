import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ChunkedBody } from './chunked-body.ts';

/** Answers that one connection may have under way: what clients that pipeline at all gain by it is had with a few. */
export const MAX_ANSWERS_UNDER_WAY = 4;

/** The shortest request: `GET / HTTP/1.0` and two line ends are 18 bytes. Pieces are not much smaller. */
const LEAST_PIECE = 16;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Bounds what one connection may have under way, for any route and method. Node parses all that a read brings, 64 KiB or
 * two thousand requests, and begins each of them before anybody else has a turn. Here the bytes go to its parser piece by
 * piece: while MAX_ANSWERS_UNDER_WAY are not out, nothing more is taken or read from the connection; and of the requests
 * that came together with others, all connections' together, one is begun in a turn of the event loop, so that a client
 * that sends one request at a time never waits for more than one of them.
 *
 * @param isFull whether the client of the connection should have no more than one answer under way now.
 */
export function registerPipelining(server: Server, isFull: (socket: Socket) => boolean): void {
  const connections = new WeakMap<Socket, PipelinedConnection>();
  const turns = new Turns();
  server.on('connection', (socket) => {
    connections.set(socket, new PipelinedConnection(socket, turns, isFull));
  });
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.prependListener(event, (request: IncomingMessage, response: ServerResponse) =>
      connections.get(request.socket)?.begin(request, response),
    );
  }
}

class PipelinedConnection {
  private readonly socket: Socket;
  private readonly turns: Turns;
  private readonly isFull: (socket: Socket) => boolean;
  /** Node's parser. */
  private readonly parse: (bytes: Buffer) => void;
  private readonly onData = (bytes: Buffer) => this.take(bytes);
  private underWay = 0;
  /** The request whose body is not whole yet. */
  private incomplete: IncomingMessage | undefined;
  /** Bytes of that body that were announced and have not arrived. */
  private bodyLeft = 0;
  /** That body where it comes in chunks, and nothing was announced. */
  private chunkedBody: ChunkedBody | undefined;
  /** Requests came that may not begin yet. */
  private isHolding = false;
  private isInLine = false;
  private hasTurn = false;

  constructor(socket: Socket, turns: Turns, isFull: (socket: Socket) => boolean) {
    this.socket = socket;
    this.turns = turns;
    this.isFull = isFull;
    const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
    if (parse === undefined) throw new Error("Node's HTTP server listens to its sockets in another way now");
    this.parse = parse;
    // To listen first, and then take the parser away: Node gives its parser the bytes past all listeners until then.
    socket.on('data', this.onData).off('data', parse);
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    this.underWay += 1;
    this.incomplete = request;
    this.bodyLeft = Number(request.headers['content-length'] ?? 0);
    this.chunkedBody = request.headers['transfer-encoding'] === undefined ? undefined : new ChunkedBody();
    response.once('close', () => {
      this.underWay -= 1;
      this.getInLine();
    });
  }

  takeTurn(): void {
    this.isInLine = false;
    this.isHolding = false;
    this.hasTurn = true;
    if (!this.socket.destroyed) this.socket.resume();
  }

  private take(bytes: Buffer): void {
    const { socket } = this;
    let rest = bytes;
    while (rest.length > 0 && !this.isOver) {
      if (this.incomplete === undefined && !this.mayBegin()) {
        this.hold(rest);
        return;
      }
      const end = this.endOfPiece(rest);
      this.parse.call(socket, rest.subarray(0, end));
      rest = rest.subarray(end);
      if (this.incomplete?.complete) this.incomplete = undefined;
      if (rest.length > 0 && !this.isOver && socket.isPaused()) {
        // By Node, which resumes by itself: more response bytes are waiting than it allows.
        socket.unshift(rest);
        return;
      }
    }
  }

  /** Nothing that comes is a request: the last answer is on its way (lingering-close.ts), or Node gave the parser back. */
  private get isOver(): boolean {
    const { socket } = this;
    const { parser } = socket as Socket & { parser?: object | null };
    return socket.destroyed || parser == null || !socket.listeners('data').includes(this.onData);
  }

  private mayBegin(): boolean {
    const { hasTurn } = this;
    this.hasTurn = false;
    return hasTurn || this.underWay === 0;
  }

  private hold(rest: Buffer): void {
    this.socket.pause();
    this.socket.unshift(rest);
    this.isHolding = true;
    this.getInLine();
  }

  private getInLine(): void {
    const limit = this.isFull(this.socket) ? 1 : MAX_ANSWERS_UNDER_WAY;
    if (!this.isHolding || this.isInLine || this.underWay >= limit) return;
    this.isInLine = true;
    this.turns.add(this);
  }

  /** Up to where the bytes can be parsed without beginning more than one request: an empty line ends its headers. */
  private endOfPiece(bytes: Buffer): number {
    // What is in a body, and how short its end is, says nothing about requests.
    if (this.incomplete !== undefined && this.chunkedBody !== undefined) return this.chunkedBody.lengthIn(bytes);
    if (this.incomplete !== undefined && this.bodyLeft > 0) {
      const end = Math.min(this.bodyLeft, bytes.length);
      this.bodyLeft -= end;
      return end;
    }
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) {
      const next = bytes[at + 1] === CARRIAGE_RETURN ? at + 2 : at + 1;
      if (bytes[next] === LINE_FEED && next >= LEAST_PIECE) return next + 1;
    }
    return bytes.length;
  }
}

/** Whose turn it is, one in a turn of the event loop: what else has come is served in between. */
class Turns {
  private readonly line: PipelinedConnection[] = [];

  add(connection: PipelinedConnection): void {
    if (this.line.push(connection) === 1) setImmediate(this.giveNext);
  }

  private readonly giveNext = (): void => {
    this.line.shift()?.takeTurn();
    if (this.line.length > 0) setImmediate(this.giveNext);
  };
}
