import { cosine } from '../src/tasks/embedding/cosine.ts';
import { findModel, type Server, ServerError } from './api-server.ts';
import { embed } from './embedding-server.ts';

/** Of a text alone and in a batch: further apart than any precision explains, the neighbors are in the vector. */
const BATCH_COSINE = 0.999;

/** What two servers made of the same texts. */
export interface Agreement {
  models: readonly [string, string];
  dimensions: readonly [number, number];
  /** Lowest cosine of the two servers' vectors of a text; NaN where the dimensions differ. */
  betweenServers: number;
  /** For each server, the lowest cosine of a text's vector alone and in the batch of all. */
  aloneAndTogether: readonly [number, number];
}

/** Embeds the texts on both servers, in one batch and one by one. @throws {ServerError} */
export async function compareVectors(servers: readonly [Server, Server], texts: readonly string[]): Promise<Agreement> {
  // What one of them cannot do is known before the other is asked for much.
  const models = [await findModel(servers[0]), await findModel(servers[1])] as const;
  const a = await embed(servers[0], models[0], texts);
  const b = await embed(servers[1], models[1], texts);
  const lowestAlone = async (server: Server, model: string, together: readonly Float64Array[]) => {
    let lowest = 1;
    for (const [i, text] of texts.entries()) {
      const [alone] = await embed(server, model, [text]);
      lowest = Math.min(lowest, cosineOf(alone, together[i]));
    }
    return lowest;
  };
  const cosines = texts.map((_, i) => cosineOf(a[i], b[i]));
  return {
    models,
    dimensions: [a[0]?.length ?? 0, b[0]?.length ?? 0],
    betweenServers: cosines.some(Number.isNaN) ? Number.NaN : Math.min(...cosines),
    aloneAndTogether: [await lowestAlone(servers[0], models[0], a), await lowestAlone(servers[1], models[1], b)],
  };
}

/** What is wrong with the vectors: one line each; none: the servers may be compared. */
export function judgeVectors(servers: readonly [Server, Server], agreement: Agreement, lowest: number): string[] {
  const { dimensions, betweenServers, aloneAndTogether, models } = agreement;
  const complaints = servers.flatMap(({ name }, i) => {
    const found = aloneAndTogether[i] as number;
    if (found >= BATCH_COSINE) return [];
    return [`${name} gives a text a different vector in a batch than alone: cosine ${found.toFixed(6)}.`];
  });
  const [a, b] = servers;
  if (dimensions[0] !== dimensions[1]) {
    complaints.push(
      `The models differ: ${a.name} (${models[0]}) gives ${dimensions[0]} dimensions, ${b.name} (${models[1]}) ${dimensions[1]}.`,
    );
  } else if (!(betweenServers >= lowest)) {
    complaints.push(
      `The models differ: the lowest cosine of ${a.name} (${models[0]}) and ${b.name} (${models[1]}) is ${betweenServers.toFixed(6)}, expected at least ${lowest}.`,
    );
  }
  return complaints;
}

/** @throws {ServerError} with what `judgeVectors` has to say. */
export async function gateServers(
  servers: readonly [Server, Server],
  texts: readonly string[],
  lowest: number,
): Promise<Agreement> {
  const agreement = await compareVectors(servers, texts);
  const complaints = judgeVectors(servers, agreement, lowest);
  if (complaints.length > 0) throw new ServerError(complaints.join(' '));
  return agreement;
}

function cosineOf(a: Float64Array | undefined, b: Float64Array | undefined): number {
  return a === undefined || b === undefined || a.length !== b.length ? Number.NaN : cosine(a, b);
}
