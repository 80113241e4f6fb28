import type { Logger } from 'pino';
import { engineSource } from '../bulk/engine-source.ts';
import { openFleet } from '../bulk/fleet/fleet-source.ts';
import { rerankRequests } from '../bulk/fleet/rerank-requests.ts';
import { rerankCall, type ScoreWish } from '../bulk/rerank-call.ts';
import type { ResultSource } from '../bulk/result-source.ts';
import { StartError } from '../errors.ts';
import type { StartConfig } from '../settings/config.ts';
import { type BulkCommand, type PreparedCommand, runBulkCommand } from './bulk-command.ts';
import { FILE_FLAGS, type Flags, PAIR_FLAGS, type ReadFlags, readPairColumns } from './bulk-flags.ts';
import { FLEET_FLAGS, type Fleet, fleetOptions } from './fleet-flags.ts';
import { openEngine } from './open-engine.ts';
import type { StopSignals } from './stop-signals.ts';
import { SCORE_SETTINGS } from './used-settings.ts';

const FLAGS = {
  ...PAIR_FLAGS,
  instruction: { value: 'TEXT', description: "What documents are scored for, instead of the model's own task" },
  'raw-scores': { description: "What the model's head gives, before its activation" },
  ...FLEET_FLAGS,
  ...FILE_FLAGS,
} as const satisfies Flags;

const RERANK: BulkCommand = {
  name: 'rerank',
  description:
    'Writes a score for each row of files: how relevant its document is to its query. The same command goes on where a run was interrupted.',
  result: 'score',
  flags: FLAGS,
  used: SCORE_SETTINGS,
  prepare,
};

/** `hotvec rerank INPUT… -o OUTPUT`: a score for each pair of query and document. Returns the exit code. */
export function rerankCommand(args: readonly string[], signals: StopSignals): Promise<number> {
  return runBulkCommand(RERANK, args, signals);
}

function prepare(read: ReadFlags, config: StartConfig, fleet: Fleet | null): PreparedCommand {
  const { columns, conditions } = readPairColumns(read);
  const { instruction = null } = read.values;
  const rawScores = read.switches['raw-scores'] === true;
  const wish: ScoreWish & { rawScores: boolean } = {
    instruction,
    rawScores,
    truncate: config.truncate === 'auto' ? 'error' : config.truncate,
  };
  return {
    textColumns: columns,
    conditions: {
      ...conditions,
      '--instruction': instruction,
      '--raw-scores': String(rawScores),
      '--truncate': wish.truncate,
      '--max-input-tokens': fleet === null ? String(config.maxInputTokens) : null,
    },
    metadata: instruction === null ? {} : { instruction },
    async openSource(logger, signal) {
      const source =
        fleet === null
          ? await openReranker(config, logger, { columns, wish })
          : await openFleet({
              ...fleetOptions(fleet, logger),
              task: rerankRequests(columns[1], { model: fleet.model, ...wish }),
              gives: 'scores',
              signal,
            });
      return { source, value: { name: 'score' } };
    },
  };
}

async function openReranker(
  config: StartConfig,
  logger: Logger,
  { columns, wish }: { columns: readonly [string, string]; wish: ScoreWish },
): Promise<ResultSource> {
  const { model, started } = await openEngine({
    config,
    logger,
    task: 'rerank',
    check({ service }) {
      if (wish.instruction === null || service.model.defaultInstruction !== null) return;
      throw new StartError(`${service.model.name} takes no instruction; omit --instruction.`);
    },
  });
  const compute = rerankCall(model.service, columns, wish);
  return engineSource(model, started, { dimensions: null, isUnit: false, neighbors: 'same_first', compute });
}
