import type { Logger } from 'pino';
import { embedCall, engineSource, type VectorWish } from '../bulk/engine-source.ts';
import { embeddingRequests } from '../bulk/fleet/embedding-requests.ts';
import { openFleet } from '../bulk/fleet/fleet-source.ts';
import type { ResultSource } from '../bulk/result-source.ts';
import type { StartConfig } from '../settings/config.ts';
import { choosePrompt, type Role } from '../tasks/embedding/prompt.ts';
import type { PreparedCommand } from './bulk-command.ts';
import { type Flags, oneOf, type ReadFlags, UsageError } from './bulk-flags.ts';
import { FLEET_FLAGS, type Fleet, fleetOptions } from './fleet-flags.ts';
import { type OpenEngine, openEngine } from './open-engine.ts';

/** Flags of commands that embed texts. */
export const VECTOR_FLAGS = {
  ...FLEET_FLAGS,
  dimensions: { value: 'N', description: "Components of a vector, of a Matryoshka model [all of the model's]" },
  normalize: { description: 'Vectors of length one; --no-normalize: as they come [as the model was trained]' },
  'input-type': {
    value: 'TYPE',
    description: 'query or document: which of the prompts of the model is put before texts',
  },
  instruction: { value: 'TEXT', description: 'Task of the queries, for a model that takes instructions' },
} as const satisfies Flags;

const ROLES: readonly Role[] = ['query', 'document'];

/** How texts are embedded, and by whom. */
export interface VectorFlags extends Pick<PreparedCommand, 'conditions' | 'metadata'> {
  wish: VectorWish;
  /** null: an engine here. */
  fleet: Fleet | null;
}

/** @throws {UsageError} */
export function readVectorFlags(
  { values, switches }: ReadFlags,
  config: StartConfig,
  fleet: Fleet | null,
): VectorFlags {
  const { 'input-type': type, instruction = null } = values;
  const wish: VectorWish = {
    dimensions: readCount('dimensions', values.dimensions),
    normalize: switches.normalize ?? null,
    role: type === undefined ? null : oneOf('input-type', type, ROLES),
    instruction,
    truncate: config.truncate === 'auto' ? 'error' : config.truncate,
  };
  return {
    wish,
    fleet,
    conditions: {
      '--dimensions': values.dimensions ?? null,
      '--normalize': wish.normalize === null ? null : String(wish.normalize),
      '--input-type': type ?? null,
      '--instruction': instruction,
      '--truncate': wish.truncate,
      // Of servers these are their own.
      '--max-input-tokens': fleet === null ? String(config.maxInputTokens) : null,
      '--empty-texts': fleet === null ? config.emptyTexts : null,
    },
    metadata: {
      ...(type === undefined ? {} : { input_type: type }),
      ...(instruction === null ? {} : { instruction }),
    },
  };
}

export interface OpenVectorsOptions {
  config: StartConfig;
  logger: Logger;
  signal: AbortSignal;
  /** What errors call a text. */
  column: string;
  flags: VectorFlags;
  /** Refuses what cannot be done with such vectors, as early as they are known. */
  check: (shape: VectorShape) => void;
}

export interface VectorShape {
  dimensions: number;
  isUnit: boolean;
}

/** @throws {StartError} {@link HotvecError} for what the model cannot do. */
export async function openVectors(options: OpenVectorsOptions): Promise<ResultSource> {
  const { flags, check } = options;
  if (flags.fleet === null) return openEngineVectors(options);
  const source = await openFleet({
    ...fleetOptions(flags.fleet, options.logger),
    task: embeddingRequests(options.column, flags.fleet.model, flags.wish),
    gives: 'vectors',
    signal: options.signal,
  });
  try {
    check({ dimensions: source.facts.dimensions as number, isUnit: source.facts.isUnit });
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openEngineVectors({ config, logger, column, flags, check }: OpenVectorsOptions): Promise<ResultSource> {
  const { wish } = flags;
  const shapeOf = ({ service }: OpenEngine<'embed'>['model']): VectorShape => ({
    dimensions: service.checkDimensions({ ...wish, dimensionsName: '--dimensions' }),
    isUnit: wish.normalize ?? service.model.normalization === 'after_cut',
  });
  const { model, started } = await openEngine({
    config,
    logger,
    task: 'embed',
    check(opened) {
      choosePrompt(wish, opened.service.model);
      check(shapeOf(opened));
    },
  });
  const compute = embedCall(model.service, column, wish);
  return engineSource(model, started, { ...shapeOf(model), neighbors: 'like_length', compute });
}

function readCount(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${flag} is ${text}; expected a positive integer.`);
  return Number(text);
}
