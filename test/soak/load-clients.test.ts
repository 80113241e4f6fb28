import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Said, startAnswering } from '../support/answering-server.ts';
import { sendWiringLoad, type WiringCounts } from '../support/wiring-load.ts';
import { SoakClients, type SoakCounts } from './soak-clients.ts';

interface Item {
  index: number;
  embedding: number[] | string;
}

/** A vector that its text alone has. */
const own = (text: string) => [Number(text), 1];
const right = (texts: string[]): Item[] => texts.map((text, index) => ({ index, embedding: own(text) }));

/** What is counted of one client's request for three texts, which the server answers with `answer`. */
async function countsOf(answer: (items: Item[], attempt: number) => Said): Promise<Partial<WiringCounts>> {
  let attempts = 0;
  const server = await startAnswering((_, body) =>
    answer(right((JSON.parse(body) as { input: string[] }).input), attempts++),
  );
  try {
    const counts = await sendWiringLoad({
      url: server.url,
      seed: 1,
      clients: 1,
      nextTexts: (_, __, request) => (request === 0 ? ['5', '6', '7'] : null),
      checker: async (texts) => (index, vector) => vector.join() === own(texts[index] as string).join(),
    });
    const { answered, mismatched, lost, doubled, refused } = counts;
    return { answered, mismatched, lost, doubled, refused };
  } finally {
    server.close();
  }
}

const fine = { answered: 3, mismatched: 0, lost: 0, doubled: 0, refused: 0 };
const told = { status: 503, headers: { 'retry-after': '1' }, body: {} };

describe('sendWiringLoad()', () => {
  it('counts vectors of another text, vectors that are missing and vectors given twice', async () => {
    assert.deepEqual(await countsOf((data) => ({ body: { data } })), fine);
    const swapped = await countsOf(([a, b, c]) => ({
      body: { data: [{ ...(b as Item), index: 0 }, { ...(a as Item), index: 1 }, c] },
    }));
    assert.deepEqual(swapped, { ...fine, mismatched: 2 });
    const cut = await countsOf((data) => ({ body: { data: data.slice(0, 2) } }));
    assert.deepEqual(cut, { ...fine, answered: 2, lost: 1 });
    const twice = await countsOf((data) => ({ body: { data: [...data, data[2]] } }));
    assert.deepEqual(twice, { ...fine, answered: 4, doubled: 1, mismatched: 1 });
  });

  it('sends a request again that was told to come again, and counts one as lost that was not', async () => {
    const refusedOnce = await countsOf((data, attempt) => (attempt === 0 ? told : { body: { data } }));
    assert.deepEqual(refusedOnce, { ...fine, refused: 1 });
    for (const lost of [
      { status: 503, body: {} },
      { status: 500, headers: { 'retry-after': '1' }, body: {} },
    ]) {
      assert.deepEqual(await countsOf(() => lost), { ...fine, answered: 0, lost: 3 });
    }
  });
});

describe('SoakClients', () => {
  async function soakCounts(answer: (texts: string[]) => Said): Promise<SoakCounts> {
    const server = await startAnswering((_, body) => answer((JSON.parse(body) as { input: string[] }).input));
    const order = { seed: 1, clients: 2, maxTexts: 3, abortChance: 0, endsWhenClosed: false };
    const clients = new SoakClients({ url: server.url, ...order });
    try {
      let counts = await clients.counts();
      while (counts.answered + counts.refused + counts.failed === 0) {
        await sleep(5);
        counts = await clients.counts();
      }
      return await clients.stop();
    } finally {
      clients.close();
      server.close();
    }
  }

  const vectors = (texts: string[], length: number) => ({
    body: {
      data: texts.map((_, index) => ({
        index,
        embedding: Buffer.from(Float32Array.of(length, 0).buffer).toString('base64'),
      })),
    },
  });
  const outcome = ({ answered, refused, failed }: SoakCounts) => [answered > 0, refused > 0, failed > 0];

  it('tell right answers from wrong ones, and refusals with retry-after from those without', async () => {
    assert.deepEqual(outcome(await soakCounts((texts) => vectors(texts, 1))), [true, false, false]);
    assert.deepEqual(outcome(await soakCounts((texts) => vectors(texts, 0.9))), [false, false, true]);
    assert.deepEqual(outcome(await soakCounts((texts) => vectors(texts.slice(1), 1))), [false, false, true]);
    assert.deepEqual(outcome(await soakCounts(() => told)), [false, true, false]);
    assert.deepEqual(outcome(await soakCounts(() => ({ status: 503, body: {} }))), [false, false, true]);
  });
});
