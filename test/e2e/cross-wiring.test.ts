import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';
import { extent } from '../soak/extent.ts';
import { reportFigure } from '../soak/report-figure.ts';
import { hashChecker } from '../support/hash-checker.ts';
import { pipeline } from '../support/pipelined-requests.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { starterManifest } from '../support/starter.ts';
import { fakeEngineEntry, scriptFakeEngine } from '../support/supervised-engine.ts';
import { decodeBase64, sendWiringLoad } from '../support/wiring-load.ts';

const CLIENTS = 32;
const TEXTS = extent(5_000, CLIENTS * 20_000);
const PIPELINED = extent(200, 1_000);
const SEED = 7;

// The engine's answer is a hash of the exact token ids, so a vector in the wrong place names its owner.
describe('32 clients with random requests', () => {
  let service: RunningService;
  let tokenizer: Tokenizer;
  before(async () => {
    scriptFakeEngine({ msPerThousandTokens: 1 });
    service = await startService({ logLevel: 'warn' }, fakeEngineEntry);
    tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
  });
  after(() => service.close());

  it(`each get their own vectors: 0 mismatched, lost or doubled of ${TEXTS} texts (seed ${SEED})`, async () => {
    let left = TEXTS;
    const counts = await sendWiringLoad({
      url: service.url,
      seed: SEED,
      clients: CLIENTS,
      checker: hashChecker(tokenizer),
      nextTexts(random, client, request) {
        if (left === 0) return null;
        const count = Math.min(left, random.chance(0.3) ? 1 : random.integer(1, 64));
        left -= count;
        const name = `client ${client} request ${request}`;
        return Array.from({ length: count }, (_, i) => `${name} text ${i} ${random.words()}`);
      },
    });
    assert.equal(counts.answered, TEXTS);
    const note = `${counts.answered} vectors, ${counts.requests} requests, seed ${SEED}`;
    reportFigure('mismatched_vectors', counts.mismatched, note);
    reportFigure('lost_vectors', counts.lost, note);
    reportFigure('doubled_vectors', counts.doubled, note);
    assert.deepEqual(counts.problems, []);
  });

  it(`are told apart on one socket too: ${PIPELINED} pipelined requests`, async () => {
    const texts = Array.from({ length: PIPELINED }, (_, i) => `pipelined ${i}`);
    const bodies = await pipeline(
      service.url,
      '/v1/embeddings',
      texts.map((input) => ({ input, encoding_format: 'base64' })),
    );
    const isOwn = await hashChecker(tokenizer)(texts, 256);
    for (const [i, body] of bodies.entries()) {
      const { data } = JSON.parse(body) as { data: { embedding: string }[] };
      assert.ok(isOwn(i, decodeBase64(data[0]?.embedding as string)), `request ${i}`);
    }
  });
});
