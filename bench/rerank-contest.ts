import type { AgainstOptions } from './against-options.ts';
import { targetOf } from './api-server.ts';
import type { Contest } from './contest.ts';
import { compareScores, judgeScores } from './gate-rerankers.ts';
import { findReranker } from './rerank-server.ts';

const GATE_DOCUMENTS = 12;
/** Words of a text that make a query of it. */
const QUERY_WORDS = 8;

/** Ranks some documents on both servers, and says how they are compared. @throws {ServerError} */
export async function openRerankContest(
  { servers, tolerance, documents: perRequest }: AgainstOptions,
  nextTexts: (count: number) => string[],
): Promise<Contest> {
  // What one of them cannot do is known before the other is asked for much.
  const found = [await findReranker(servers[0]), await findReranker(servers[1])] as const;
  const agreement = await compareScores(servers, found, toRequest(nextTexts(1 + GATE_DOCUMENTS)));
  const { aloneAndTogether, betweenServers, swapped, compared } = agreement;
  return {
    models: [found[0].model ?? 'the only one', found[1].model ?? 'the only one'],
    targets: [targetOf(servers[0], found[0].form.path), targetOf(servers[1], found[1].form.path)],
    complaints: judgeScores(servers, agreement, tolerance),
    textsPerRequest: 1 + perRequest,
    bodyOf(side, texts) {
      const { query, documents } = toRequest(texts);
      return found[side].form.body(found[side].model, query, documents);
    },
    unit: 'documents',
    perRequest,
    alone: {
      title: 'scores alone and together differ by',
      figures: [aloneAndTogether[0].toFixed(6), aloneAndTogether[1].toFixed(6)],
    },
    shape: `a query and ${perRequest} documents a request`,
    agreement: `A's and B's scores differ by at most ${betweenServers.toFixed(6)}; ${swapped} of ${compared} pairs of documents are in another order.`,
  };
}

/** The first words of a text ask for something in the others. */
function toRequest([first = '', ...documents]: readonly string[]): { query: string; documents: string[] } {
  return { query: first.split(/\s+/).slice(0, QUERY_WORDS).join(' '), documents };
}
