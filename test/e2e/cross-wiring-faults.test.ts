import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { extent, isSoak } from '../soak/extent.ts';
import { reportFigure } from '../soak/report-figure.ts';
import { hashChecker } from '../support/hash-checker.ts';
import { startService } from '../support/running-service.ts';
import { starterManifest } from '../support/starter.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';
import { sendWiringLoad, type WiringCounts } from '../support/wiring-load.ts';

const CLIENTS = 32;
const ABORTS = 0.2;
/** A service gives its engine up at the sixth loss within five minutes: after five there is a new one. */
const ROUNDS = extent(1, 4);
const KILLS_PER_ROUND = isSoak ? 5 : 2;
const MS_BETWEEN_KILLS = isSoak ? 3_000 : 700;

describe('32 clients, some of which disconnect, and an engine that is killed again and again', () => {
  it(`get their own vectors or are told to come again: ${ROUNDS} × ${KILLS_PER_ROUND} kills`, async () => {
    const total = { mismatched: 0, lost: 0, doubled: 0, answered: 0, refused: 0, aborted: 0 };
    const problems: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const counts = await killedRound(round + 1);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name];
      problems.push(...counts.problems);
    }
    const note = `${total.answered} vectors, ${total.aborted} requests aborted, ${total.refused} refused and sent again, ${ROUNDS * KILLS_PER_ROUND} kills, seeds 1 to ${ROUNDS}`;
    assert.ok(total.answered > 0 && total.aborted > 0, note);
    reportFigure('mismatched_under_kills', total.mismatched, note);
    reportFigure('lost_under_kills', total.lost, note);
    reportFigure('doubled_under_kills', total.doubled, note);
    assert.deepEqual(problems, []);
  });
});

async function killedRound(seed: number): Promise<WiringCounts> {
  // Slow enough that there is always a batch under way when the engine dies.
  scriptFakeEngine({ batchMs: 2, msPerThousandTokens: 5 });
  const service = await startService({ logLevel: 'fatal' }, fakeEngineEntry);
  try {
    const tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
    let isOver = false;
    const sent = sendWiringLoad({
      url: service.url,
      seed,
      clients: CLIENTS,
      abortChance: ABORTS,
      checker: hashChecker(tokenizer),
      nextTexts(random, client, request) {
        if (isOver) return null;
        const name = `client ${client} request ${request}`;
        return Array.from({ length: random.integer(1, 40) }, (_, i) => `${name} text ${i} ${random.words()}`);
      },
    });
    for (let kill = 0; kill < KILLS_PER_ROUND; kill++) {
      await sleep(MS_BETWEEN_KILLS);
      const victim = service.engineProcessId() as number;
      process.kill(victim, 'SIGKILL');
      await until(() => service.engineProcessId() !== victim);
      while ((await fetch(`${service.url}/readyz`)).status !== 200) await sleep(10);
    }
    await sleep(MS_BETWEEN_KILLS);
    isOver = true;
    const counts = await sent;
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    for (const left of ['queue_tokens', 'queue_requests'])
      assert.match(metrics, new RegExp(`^hotvec_${left}\\{model="starter"\\} 0$`, 'm'));
    return counts;
  } finally {
    await service.close();
  }
}
