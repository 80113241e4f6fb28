import { HotvecError, StartError } from '../../errors.ts';
import type { ScoreCanary } from '../../model-files/manifest.ts';
import type { PairTokenizer } from '../../tokenization/pair-tokenizer.ts';
import type { Encoding } from '../../tokenization/tokenizer.ts';
import { InputFailures } from '../input-failures.ts';
import type { TaskSequence } from '../task.ts';
import { type PairOptions, PairReader, type ReadPair } from './pair-reader.ts';
import type { NamedText, RerankInput, RerankingFacts } from './reranker.ts';

/** UTF-16 units that query and instruction may add to the documents of a request together, as of prompts. */
const MAX_REPEATED_UNITS = 2 ** 24;
/** UTF-16 units after which the tokens so far are counted. A document may make a piece longer. */
const MAX_UNITS_PER_PIECE = 400_000;
/** UTF-16 units of a token where they are many. */
const UNITS_PER_TOKEN = 8;

/** A document that can be turned into token ids. */
export interface AcceptedDocument extends NamedText {
  /** Its place among the documents of the request. */
  position: number;
}

/** What a document of a request became, together with the query. */
export interface PreparedPair extends TaskSequence, ReadPair {}

/** Turns a query and its documents into the sequences that the model reads. */
export class PairPreparer {
  private readonly model: RerankingFacts;
  private readonly tokenizer: PairTokenizer;

  constructor(model: RerankingFacts, tokenizer: PairTokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /**
   * Looks at the request as far as it costs nothing.
   * @param failures gets documents without text, or that are not Unicode.
   * @returns the others, same order.
   * @throws {HotvecError} empty_input or invalid_input for the query; invalid_input for an instruction that the model does
   * not take; input_too_long for a query that is too much to read once for each document.
   */
  accept({ query, documents, instruction }: RerankInput, failures: InputFailures): AcceptedDocument[] {
    checkText(query);
    if (instruction !== null) {
      if (this.tokenizer.instructedParts === null) {
        throw new HotvecError('invalid_input', 'This model was not trained with instructions; omit instruction.', {
          param: 'instruction',
        });
      }
      checkText({ text: instruction, name: 'instruction' });
    }
    const repeated = (query.text.length + (instruction?.length ?? 0)) * documents.length;
    if (repeated > MAX_REPEATED_UNITS) {
      throw new HotvecError(
        'input_too_long',
        `${query.name} of ${query.text.length} characters would be read with each of ${documents.length} documents: more than ${MAX_REPEATED_UNITS} characters in all. Shorten it, or send fewer documents at a time.`,
        { param: query.name },
      );
    }
    const accepted: AcceptedDocument[] = [];
    for (const [position, document] of documents.entries()) {
      try {
        checkText(document);
        accepted.push({ ...document, position });
      } catch (error) {
        failures.add(position, error);
      }
    }
    return accepted;
  }

  /** About how many tokens the pairs will have at least. */
  leastTokens({ query }: RerankInput, documents: readonly AcceptedDocument[]): number {
    const least = (text: string) => Math.floor(text.length / UNITS_PER_TOKEN);
    const { maxInputTokens } = this.model;
    return documents.reduce((sum, { text }) => sum + Math.min(least(query.text) + least(text), maxInputTokens), 0);
  }

  /**
   * Piece by piece, and no further than to the tokens that a request may have.
   * @param failures gets documents that make a pair too long, with `truncate: 'error'`.
   * @returns the others, same order.
   * @throws {HotvecError} too_many_tokens; input_too_long for a query that leaves no room for a document.
   */
  async tokenize(
    { query, instruction }: RerankInput,
    documents: readonly AcceptedDocument[],
    options: PairOptions,
    failures: InputFailures,
  ): Promise<PreparedPair[]> {
    const limits = { ...options, maxTokens: this.model.maxInputTokens };
    const reader = await PairReader.open(this.tokenizer, { query, instruction }, limits);
    const prepared: PreparedPair[] = [];
    let total = 0;
    for (let start = 0, end = 0; start < documents.length; start = end) {
      end = endOfPiece(documents, start, query.text.length);
      const piece = documents.slice(start, end);
      const encodings = await reader.encode(piece);
      for (const [i, document] of piece.entries()) {
        try {
          const pair = await reader.finish(document, encodings[i] as Encoding);
          prepared.push({ ...pair, position: document.position });
          total += pair.ids.length;
        } catch (error) {
          // Of the query: no other document would fare better.
          if (error instanceof HotvecError && error.param === query.name) throw error;
          failures.add(document.position, error);
        }
        if (total <= this.model.maxRequestTokens) continue;
        throw new HotvecError(
          'too_many_tokens',
          `The request has more than ${this.model.maxRequestTokens} tokens, the limit per request; counting stopped at ${document.name}. Send fewer documents at a time.`,
        );
      }
    }
    return prepared;
  }
}

/**
 * Proves that pairs become the token ids that the reference makes of them: the canary's part outside the engine.
 * @throws {StartError} when one does not.
 */
export async function checkPairs(cases: ScoreCanary['cases'], preparer: PairPreparer): Promise<void> {
  for (const [i, { query, document, ids }] of cases.entries()) {
    const named = { text: document, name: 'document' };
    const input = { query: { text: query, name: 'query' }, documents: [named], instruction: null };
    const [pair] = await preparer.tokenize(
      input,
      [{ ...named, position: 0 }],
      { truncate: 'end' },
      new InputFailures('fail'),
    );
    if (pair?.ids.join() === ids.join()) continue;
    throw new StartError(
      `Tokenizer and template give token ids that differ from the reference for the model's canary pair ${i + 1}. Copy or download the model again.`,
    );
  }
}

/** @throws {HotvecError} empty_input; invalid_input for half of a surrogate pair: there is no UTF-8 for it. */
function checkText({ text, name }: NamedText): void {
  if (text.length === 0) {
    throw new HotvecError('empty_input', `${name} is empty; there is nothing to score.`, { param: name });
  }
  if (text.isWellFormed()) return;
  throw new HotvecError('invalid_input', `${name} is not valid Unicode: it contains half of a surrogate pair.`, {
    param: name,
  });
}

function endOfPiece(documents: readonly AcceptedDocument[], start: number, queryUnits: number): number {
  let units = 0;
  let end = start;
  for (; end < documents.length && units < MAX_UNITS_PER_PIECE; end++) {
    units += queryUnits + (documents[end] as AcceptedDocument).text.length;
  }
  return end;
}
