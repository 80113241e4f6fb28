import { HotvecError } from '../../errors.ts';
import type { PairTokenizer } from '../../tokenization/pair-tokenizer.ts';
import type { Encoding } from '../../tokenization/tokenizer.ts';
import { joinIds, keepTokens, longestFirst } from './cut-pair.ts';
import { type AroundDocument, aroundDocument, fillWords, hasDocument } from './pair-words.ts';
import type { NamedText, RerankInput, RerankOptions } from './reranker.ts';

export type PairOptions = Pick<RerankOptions, 'truncate' | 'maxDocumentTokens' | 'priority'>;
export type PairLimits = PairOptions & { maxTokens: number };

/** A query and a document as the model reads them. */
export interface ReadPair {
  ids: Int32Array;
  /** Whether it was cut short. */
  truncated: boolean;
}

/** A template with the query in it: what the document of a pair goes into. */
interface Frame {
  before: readonly Int32Array[];
  after: readonly Int32Array[];
  /** Tokens of them. */
  tokens: number;
  /** Which of those before is the query, where it may be cut. */
  queryAt: number | null;
}

/** Reads the pairs of one request: what is the same in all of them is read once. */
export class PairReader {
  private readonly text: PairTokenizer['text'];
  private readonly query: NamedText;
  private readonly limits: PairLimits;
  private readonly frame: Frame;
  private readonly around: ReturnType<typeof aroundDocument>;
  /** Ids of the words on both sides of a document, read when the first document is cut. */
  private edges: Promise<{ head: Int32Array; tail: Int32Array }> | undefined;

  private constructor(
    text: PairTokenizer['text'],
    request: { query: NamedText; limits: PairLimits; frame: Frame; around: ReturnType<typeof aroundDocument> },
  ) {
    this.text = text;
    this.query = request.query;
    this.limits = request.limits;
    this.frame = request.frame;
    this.around = request.around;
  }

  /** Reads the template of a request with its query. */
  static async open(
    tokenizer: PairTokenizer,
    { query, instruction }: Pick<RerankInput, 'query' | 'instruction'>,
    limits: PairLimits,
  ): Promise<PairReader> {
    const { cuts } = tokenizer;
    const isBulk = limits.priority === 'bulk';
    const text: PairTokenizer['text'] = {
      tokenize: (texts, options) => tokenizer.text.tokenize(texts, { ...options, isBulk }),
    };
    const parts = (instruction === null ? null : tokenizer.instructedParts) ?? tokenizer.parts;
    const fill = { query: query.text, instruction: instruction ?? '' };
    const place = parts.findIndex(hasDocument);
    const part = parts[place];
    if (part === undefined || !hasDocument(part)) throw new Error('the template has no place for the document');
    const lists: Int32Array[] = [];
    for (const one of parts) {
      if ('ids' in one) lists.push(one.ids);
      else if (one === part) lists.push(new Int32Array());
      else
        lists.push(
          (await text.tokenize([fillWords(one.words, { ...fill, document: '' })]))[0]?.ids ?? new Int32Array(),
        );
    }
    const frame = {
      before: lists.slice(0, place),
      after: lists.slice(place + 1),
      tokens: lists.reduce((sum, { length }) => sum + length, 0),
      queryAt: cuts === 'document' ? null : parts.findIndex((one) => 'words' in one),
    };
    return new PairReader(text, { query, limits, frame, around: aroundDocument(part.words, fill) });
  }

  /** Encodings of the documents with the words of their part around them; read no further than they may be long. */
  async encode(documents: readonly NamedText[]): Promise<Encoding[]> {
    const { before, after, take } = this.around;
    const texts = documents.map((document) => before + take(document.text) + after);
    return this.text.tokenize(texts, { enough: await this.enough() });
  }

  /** How many tokens of a document and the words of its part have to be known. */
  private async enough(): Promise<number> {
    const { truncate, maxTokens, maxDocumentTokens } = this.limits;
    if (truncate === 'start') return Number.POSITIVE_INFINITY;
    if (maxDocumentTokens === undefined) return maxTokens;
    const { head, tail } = await this.readEdges();
    return Math.min(maxTokens, head.length + maxDocumentTokens + tail.length);
  }

  /**
   * @param encoding what `encode` made of the document.
   * @throws {HotvecError} input_too_long.
   */
  async finish(document: NamedText, encoding: Encoding): Promise<ReadPair> {
    const { frame, limits } = this;
    const { maxDocumentTokens = Number.POSITIVE_INFINITY, maxTokens } = limits;
    const isOver = frame.tokens + encoding.ids.length > maxTokens;
    if (!isOver && encoding.ids.length <= maxDocumentTokens) return this.join(encoding.ids, false);
    const { head, tail } = await this.readEdges();
    const shortened = await this.shortened(document, encoding, maxDocumentTokens);
    const total = frame.tokens + shortened.length;
    if (total <= maxTokens) return this.join(shortened, shortened !== encoding.ids);
    const room = maxTokens - frame.tokens - head.length - tail.length;
    if (limits.truncate === 'error') {
      // No document is to blame.
      if (room < 1) throw this.noRoom();
      const count = encoding.isCutShort === true ? `more than ${maxTokens}` : total;
      throw new HotvecError(
        'input_too_long',
        `${document.name} has ${count} tokens, query and template included; the limit is ${maxTokens} tokens per pair. Split it, or have it truncated: see the field truncate.`,
        { param: document.name },
      );
    }
    if (frame.queryAt !== null) return this.joinLongestFirst(shortened, frame.queryAt);
    if (room < 1) throw this.noRoom();
    return this.join(await this.shortened(document, encoding, room), true);
  }

  /** The document's part with at most `count` tokens of the document left; `encoding.ids` itself where it has no more. */
  private async shortened(document: NamedText, encoding: Encoding, count: number): Promise<Int32Array> {
    const { head, tail } = await this.readEdges();
    if (encoding.ids.length - head.length - tail.length <= count) return encoding.ids;
    const { before, after, take } = this.around;
    // What follows the document is cut off with it, and put back.
    const whole = after === '' ? encoding.ids : await this.read(before + take(document.text), await this.enough());
    if (this.limits.truncate === 'start') return joinIds([head, keepTokens(whole, count, 'start'), tail]);
    return joinIds([keepTokens(whole, head.length + count, 'end'), tail]);
  }

  private joinLongestFirst(document: Int32Array, queryAt: number): ReadPair {
    const { before, tokens } = this.frame;
    const query = before[queryAt] as Int32Array;
    const room = this.limits.maxTokens - (tokens - query.length);
    if (room < 2) throw this.noRoom();
    const [ofQuery, ofDocument] = longestFirst(query.length, document.length, room);
    const side = this.limits.truncate === 'start' ? 'start' : 'end';
    const lists = before.with(queryAt, keepTokens(query, ofQuery, side));
    return this.join(keepTokens(document, ofDocument, side), true, lists);
  }

  private join(document: Int32Array, truncated: boolean, before = this.frame.before): ReadPair {
    return { ids: joinIds([...before, document, ...this.frame.after]), truncated };
  }

  private readEdges(): Promise<{ head: Int32Array; tail: Int32Array }> {
    this.edges ??= readBoth(this.around, (text) => this.read(text));
    return this.edges;
  }

  private async read(text: string, enough = Number.POSITIVE_INFINITY): Promise<Int32Array> {
    if (text === '') return new Int32Array();
    const [encoding] = await this.text.tokenize([text], { enough });
    return (encoding as Encoding).ids;
  }

  private noRoom(): HotvecError {
    return new HotvecError(
      'input_too_long',
      `${this.query.name} leaves no room for a document: the limit is ${this.limits.maxTokens} tokens per pair, query, instruction and template included. Shorten it.`,
      { param: this.query.name },
    );
  }
}

async function readBoth(
  { before, after }: AroundDocument,
  read: (text: string) => Promise<Int32Array>,
): Promise<{ head: Int32Array; tail: Int32Array }> {
  return { head: await read(before), tail: await read(after) };
}
