import process from 'node:process';
import { readAgainstOptions } from './against-options.ts';
import { readAgainstTexts } from './against-texts.ts';
import { ServerError } from './api-server.ts';
import { compareServers, type SideResult } from './compare-servers.ts';
import { openEmbeddingContest } from './embedding-contest.ts';
import { formatTable } from './format-table.ts';
import { LoadGenerator } from './load-generator.ts';
import { figure, milliseconds } from './report.ts';
import { openRerankContest } from './rerank-contest.ts';
import { sum } from './statistics.ts';

// `node dist/bench/against.js --url A --url B`: two running servers that embed or rerank, side by side.

const load = new LoadGenerator();
try {
  await compare();
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  load.stop();
}

async function compare(): Promise<void> {
  const options = readAgainstOptions();
  const { task, servers, texts: file, noGate, clients, seconds, rounds } = options;
  const nextTexts = readAgainstTexts(file);
  const open = task === 'rerank' ? openRerankContest : openEmbeddingContest;
  const contest = await open(options, nextTexts);
  const { complaints, models, targets, textsPerRequest, unit, perRequest, alone } = contest;
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  if (complaints.length > 0 && !noGate) {
    const wanted = task === 'rerank' ? 'scores' : 'vectors';
    process.stderr.write(`A speed counts only where the ${wanted} are right. --no-gate measures nevertheless.\n`);
    process.exitCode = 1;
    return;
  }
  const turns = new Map<number, string[]>();
  const textsOf = (turn: number, count: number): string[] => {
    const texts = turns.get(turn) ?? nextTexts(count);
    turns.set(turn, texts);
    return texts;
  };
  const side = (i: 0 | 1) => ({
    target: targets[i],
    bodies: (turn: number, count: number) => {
      const texts = textsOf(turn, count * textsPerRequest);
      return Array.from({ length: count }, (_, request) =>
        contest.bodyOf(i, texts.slice(request * textsPerRequest, (request + 1) * textsPerRequest)),
      );
    },
  });
  const {
    a,
    b,
    ratio,
    rounds: measured,
    requestsPerTurn,
  } = await compareServers(load, [side(0), side(1)], {
    clients,
    rounds,
    seconds,
    cellSeconds: Number.POSITIVE_INFINITY,
  });
  const line = (i: 0 | 1, result: SideResult) => [
    servers[i].name,
    servers[i].url,
    models[i],
    figure(result.requestsPerSecond),
    figure(result.requestsPerSecond * perRequest),
    milliseconds(result.p50),
    milliseconds(result.p99),
    describeFailures(result),
    alone.figures[i],
  ];
  const header = ['', 'server', 'model', 'requests/s', `${unit}/s`, 'p50', 'p99', 'errors', alone.title];
  console.log(`${formatTable([header, line(0, a), line(1, b)])}

A answers ${figure(ratio)} times as many ${unit} a second as B: the median of ${measured} rounds A B B A, ${requestsPerTurn} requests a turn,
${clients} clients, ${contest.shape}. ${contest.agreement}`);
  if (Number.isNaN(a.p50) || Number.isNaN(b.p50)) {
    throw new ServerError('A server answered no request of the measurement: the figures above say with what.');
  }
}

function describeFailures({ failures }: SideResult): string {
  if (sum(Object.values(failures)) === 0) return 'none';
  return Object.entries(failures)
    .map(([reason, count]) => `${count} × ${reason}`)
    .join(', ');
}
