import type { AgainstOptions } from './against-options.ts';
import { targetOf } from './api-server.ts';
import type { Contest } from './contest.ts';
import { EMBEDDINGS_PATH } from './embedding-server.ts';
import { compareVectors, judgeVectors } from './gate-servers.ts';

const GATE_TEXTS = 12;

/** Embeds some texts on both servers, and says how they are compared. @throws {ServerError} */
export async function openEmbeddingContest(
  { servers, lowestCosine, batch, format }: AgainstOptions,
  nextTexts: (count: number) => string[],
): Promise<Contest> {
  const agreement = await compareVectors(servers, nextTexts(GATE_TEXTS));
  const { models, aloneAndTogether, betweenServers } = agreement;
  return {
    models,
    targets: [targetOf(servers[0], EMBEDDINGS_PATH), targetOf(servers[1], EMBEDDINGS_PATH)],
    complaints: judgeVectors(servers, agreement, lowestCosine),
    textsPerRequest: batch,
    bodyOf: (side, input) => JSON.stringify({ model: models[side], input, encoding_format: format }),
    unit: 'texts',
    perRequest: batch,
    alone: {
      title: 'cosine alone and in a batch',
      figures: [aloneAndTogether[0].toFixed(6), aloneAndTogether[1].toFixed(6)],
    },
    shape: `${batch} texts a request, ${format}`,
    agreement: `Lowest cosine of A's and B's vectors: ${betweenServers.toFixed(6)}.`,
  };
}
