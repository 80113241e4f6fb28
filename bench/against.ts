import process from 'node:process';
import { readAgainstOptions } from './against-options.ts';
import { readAgainstTexts } from './against-texts.ts';
import { compareServers, type SideResult } from './compare-servers.ts';
import { embeddingsTarget, type Server, ServerError } from './embedding-server.ts';
import { formatTable } from './format-table.ts';
import { compareVectors, judgeVectors } from './gate-servers.ts';
import { LoadGenerator } from './load-generator.ts';
import { figure, milliseconds } from './report.ts';
import { sum } from './statistics.ts';

// `node dist/bench/against.js --url A --url B`: two running servers that speak OpenAI's API, side by side.
const GATE_TEXTS = 12;

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
  const { servers, texts: file, noGate, lowestCosine, clients, batch, seconds, rounds, format } = readAgainstOptions();
  const nextTexts = readAgainstTexts(file);
  const agreement = await compareVectors(servers, nextTexts(GATE_TEXTS));
  const complaints = judgeVectors(servers, agreement, lowestCosine);
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  if (complaints.length > 0 && !noGate) {
    process.stderr.write('A speed counts only where the vectors are right. --no-gate measures nevertheless.\n');
    process.exitCode = 1;
    return;
  }
  const turns = new Map<number, string[]>();
  const textsOf = (turn: number, count: number): string[] => {
    const texts = turns.get(turn) ?? nextTexts(count);
    turns.set(turn, texts);
    return texts;
  };
  const side = (server: Server, model: string) => ({
    target: embeddingsTarget(server),
    bodies: (turn: number, count: number) => {
      const texts = textsOf(turn, count * batch);
      return Array.from({ length: count }, (_, i) =>
        JSON.stringify({ model, input: texts.slice(i * batch, (i + 1) * batch), encoding_format: format }),
      );
    },
  });
  const sides = [side(servers[0], agreement.models[0]), side(servers[1], agreement.models[1])] as const;
  const {
    a,
    b,
    ratio,
    rounds: measured,
    requestsPerTurn,
  } = await compareServers(load, sides, {
    clients,
    rounds,
    seconds,
    cellSeconds: Number.POSITIVE_INFINITY,
  });
  const line = (server: Server, i: 0 | 1, result: SideResult) => [
    server.name,
    server.url,
    agreement.models[i],
    figure(result.requestsPerSecond),
    figure(result.requestsPerSecond * batch),
    milliseconds(result.p50),
    milliseconds(result.p99),
    describeFailures(result),
    agreement.aloneAndTogether[i].toFixed(6),
  ];
  const header = [
    '',
    'server',
    'model',
    'requests/s',
    'texts/s',
    'p50',
    'p99',
    'errors',
    'cosine alone and in a batch',
  ];
  console.log(`${formatTable([header, line(servers[0], 0, a), line(servers[1], 1, b)])}

A answers ${figure(ratio)} times as many texts a second as B: the median of ${measured} rounds A B B A, ${requestsPerTurn} requests a turn,
${clients} clients, ${batch} texts a request, ${format}. Lowest cosine of A's and B's vectors: ${agreement.betweenServers.toFixed(6)}.`);
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
