import { pairSimilarity } from '../bulk/pair-similarity.ts';
import type { StartConfig } from '../settings/config.ts';
import type { Metric } from '../tasks/embedding/embedder.ts';
import { type BulkCommand, type PreparedCommand, runBulkCommand } from './bulk-command.ts';
import { FILE_FLAGS, type Flags, oneOf, PAIR_FLAGS, type ReadFlags, readPairColumns } from './bulk-flags.ts';
import type { Fleet } from './fleet-flags.ts';
import type { StopSignals } from './stop-signals.ts';
import { VECTOR_SETTINGS } from './used-settings.ts';
import { openVectors, readVectorFlags, VECTOR_FLAGS } from './vectors.ts';

const METRICS: readonly Metric[] = ['cosine', 'dot', 'euclidean', 'manhattan'];

const FLAGS = {
  ...PAIR_FLAGS,
  metric: { value: 'NAME', description: `${METRICS.join(', ')}: the larger, the more alike [cosine]` },
  ...VECTOR_FLAGS,
  ...FILE_FLAGS,
} as const satisfies Flags;

const SIMILARITY: BulkCommand = {
  name: 'similarity',
  description:
    'Writes for each row of files how alike its two texts are, by their vectors. The same command goes on where a run was interrupted.',
  result: 'score',
  flags: FLAGS,
  used: VECTOR_SETTINGS,
  prepare,
};

/** `hotvec similarity INPUT… -o OUTPUT`: how alike the two texts of each row are. Returns the exit code. */
export function similarityCommand(args: readonly string[], signals: StopSignals): Promise<number> {
  return runBulkCommand(SIMILARITY, args, signals);
}

function prepare(read: ReadFlags, config: StartConfig, fleet: Fleet | null): PreparedCommand {
  const { columns, conditions } = readPairColumns(read);
  const metric = oneOf('metric', read.values.metric ?? 'cosine', METRICS);
  const flags = readVectorFlags(read, config, fleet);
  return {
    textColumns: columns,
    conditions: { ...conditions, '--metric': metric, ...flags.conditions },
    metadata: { ...flags.metadata, metric },
    async openSource(logger, signal) {
      const vectors = await openVectors({ config, logger, signal, column: 'text', flags, check: () => {} });
      return { source: pairSimilarity(vectors, columns, metric), value: { name: 'score' } };
    },
  };
}
