import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Server } from '../../bench/api-server.ts';
import { compareScores, judgeScores } from '../../bench/gate-rerankers.ts';
import { findReranker, rerank } from '../../bench/rerank-server.ts';
import { type Said, startAnswering } from '../support/answering-server.ts';

const QUERY = 'what is wanted';
const DOCUMENTS = ['one', 'three', 'eleven'];

interface Asked {
  model?: string;
  query: string;
  documents?: string[];
  texts?: string[];
}

/** Runs `use` with a server that answers what is posted to a path as `answers` says; a list of models if there is one. */
async function withServer(
  answers: Record<string, (asked: Asked) => Said>,
  use: (server: Server) => Promise<void>,
  { models }: { models?: string[] } = {},
): Promise<void> {
  const { url, close } = await startAnswering((path, body) => {
    if (path === '/v1/models' && models !== undefined) return { body: { data: models.map((id) => ({ id })) } };
    return answers[path]?.(JSON.parse(body)) ?? { status: 404, body: { error: 'no such route' } };
  });
  try {
    await use({ name: 'A', url });
  } finally {
    close();
  }
}

/** Best first, as servers answer; a score is the length of the document. */
function ranked(documents: readonly string[], scoreName: string) {
  return documents
    .map((document, index) => ({ index, [scoreName]: document.length / 10 }))
    .sort((a, b) => Number(b[scoreName]) - Number(a[scoreName]));
}

const SCORES = DOCUMENTS.map(({ length }) => length / 10);

describe('findReranker', () => {
  it('asks at /v1/rerank, with the model that the server lists', async () => {
    const asked: Asked[] = [];
    const answer = (body: Asked) => {
      asked.push(body);
      return { body: { results: ranked(body.documents ?? [], 'relevance_score') } };
    };
    await withServer(
      { '/v1/rerank': answer },
      async (server) => {
        const found = await findReranker({ ...server, url: `${server.url}/v1/` });
        assert.deepEqual([...(await rerank(server, found, QUERY, DOCUMENTS))], SCORES);
        assert.deepEqual(asked.at(-1), { model: 'listed', query: QUERY, documents: DOCUMENTS });
      },
      { models: ['listed', 'another'] },
    );
  });

  it('takes /rerank with documents, and the form of TEI, which names no model', async () => {
    const plain = (body: Asked): Said => ({ body: { results: ranked(body.documents ?? [], 'relevance_score') } });
    await withServer({ '/rerank': plain }, async (server) => {
      const found = await findReranker({ ...server, model: 'named' });
      assert.deepEqual([found.model, found.form.path], ['named', '/rerank']);
      assert.deepEqual([...(await rerank(server, found, QUERY, DOCUMENTS))], SCORES);
    });
    const tei = ({ texts, ...body }: Asked): Said =>
      texts === undefined || 'model' in body ? { status: 422, body: 'texts?' } : { body: ranked(texts, 'score') };
    await withServer({ '/rerank': tei }, async (server) => {
      const found = await findReranker(server);
      assert.equal(found.model, null);
      assert.deepEqual([...(await rerank(server, found, QUERY, DOCUMENTS))], SCORES);
    });
  });

  it('says what each path answered where none reranks, and stops at one that fails', async () => {
    await withServer({}, async (server) => {
      await assert.rejects(
        findReranker(server),
        /A \(http\S+\) does not rerank: \/v1\/rerank answered 404, .*\/rerank/,
      );
    });
    const paths: string[] = [];
    const broken = { status: 503, body: 'busy' };
    await withServer(
      {
        '/v1/rerank': () => broken,
        '/rerank': () => {
          paths.push('/rerank');
          return broken;
        },
      },
      async (server) => {
        await assert.rejects(findReranker(server), /\/v1\/rerank answered 503, busy$/);
        assert.deepEqual(paths, []);
      },
    );
    await withServer({ '/v1/rerank': () => ({ status: 401, body: 'who?' }) }, async (server) => {
      await assert.rejects(findReranker(server), /wants a key \(401\): who\?/);
    });
  });
});

describe('rerank', () => {
  it('says what an answer lacks', async () => {
    const answers: [unknown, RegExp][] = [
      ['<html>', /is not JSON: <html>/],
      [{ ok: true }, /not with scores: there is no array "results"/],
      [[], /3 documents gave 0 results/],
      [[0, 1, 9].map((index) => ({ index, score: 1 })), /index is 9/],
      [[0, 1, 1].map((index) => ({ index, score: 1 })), /there is no result 2/],
      [[0, 1, 2].map((index) => ({ index, score: null })), /result 0 has no number/],
    ];
    for (const [body, expected] of answers) {
      await withServer({ '/v1/rerank': () => ({ body }) }, async (server) => {
        const form = { path: '/v1/rerank', body: () => '{}' };
        await assert.rejects(rerank(server, { model: null, form }, QUERY, DOCUMENTS), expected);
      });
    }
  });
});

describe('The gate of two rerankers', () => {
  /** Servers whose scores are as the functions say, given a document and how many came with it. */
  async function judged(score: (document: string, together: number) => number): Promise<string[]> {
    const answer =
      (of: typeof score) =>
      ({ documents = [] }: Asked): Said => ({
        body: {
          results: documents.map((text, index) => ({ index, relevance_score: of(text, documents.length) })),
        },
      });
    let complaints: string[] = [];
    await withServer({ '/v1/rerank': answer(({ length }) => length / 10) }, async (a) => {
      await withServer({ '/v1/rerank': answer(score) }, async (b) => {
        const servers = [a, { ...b, name: 'B' }] as const;
        const found = [await findReranker(a), await findReranker(b)] as const;
        const agreement = await compareScores(servers, found, { query: QUERY, documents: DOCUMENTS });
        complaints = judgeScores(servers, agreement, 0.01);
      });
    });
    return complaints;
  }

  it('lets equal scores pass, within the tolerance', async () => {
    assert.deepEqual(await judged(({ length }) => length / 10 + 0.009), []);
  });

  it('tells other scores, in the same order and in another', async () => {
    const [scaled, ...others] = await judged(({ length }) => length);
    assert.match(
      scaled ?? '',
      /scores of A and B differ by up to 5\.400000, expected at most 0\.01; the order is the same/,
    );
    assert.deepEqual(others, []);
    const [reversed] = await judged(({ length }) => -length);
    assert.match(reversed ?? '', /; 3 of 3 pairs of documents are in another order/);
  });

  it('tells scores that depend on what else is in the request', async () => {
    const [complaint] = await judged(({ length }, together) => (length + together) / 10);
    assert.match(
      complaint ?? '',
      /^B gives a document another score among others than alone: they differ by 0\.200000\.$/,
    );
  });
});
