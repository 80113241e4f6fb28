import { StartError } from '../errors.ts';
import { checkOutputDtype, type OutputDtype, outputDtypes } from '../http/body/output-dtype.ts';
import type { StartConfig } from '../settings/config.ts';
import { type BulkCommand, type PreparedCommand, runBulkCommand } from './bulk-command.ts';
import { FILE_FLAGS, type Flags, oneOf, type ReadFlags } from './bulk-flags.ts';
import type { Fleet } from './fleet-flags.ts';
import type { StopSignals } from './stop-signals.ts';
import { VECTOR_SETTINGS } from './used-settings.ts';
import { openVectors, readVectorFlags, VECTOR_FLAGS, type VectorShape } from './vectors.ts';

const FLAGS = {
  'text-column': { value: 'NAME', description: 'Column of the texts [text]' },
  'output-dtype': { value: 'DTYPE', description: `${outputDtypes.join(', ')} [float]` },
  ...VECTOR_FLAGS,
  ...FILE_FLAGS,
} as const satisfies Flags;

const EMBED: BulkCommand = {
  name: 'embed',
  description:
    'Writes a vector for each row of files: .txt (a text a line), .jsonl, .csv, .tsv, .parquet. The same command goes on where a run was interrupted.',
  result: 'embedding',
  flags: FLAGS,
  used: VECTOR_SETTINGS,
  prepare,
};

/** `hotvec embed INPUT… -o OUTPUT`: a vector for each row of files. Returns the exit code. */
export function embedCommand(args: readonly string[], signals: StopSignals): Promise<number> {
  return runBulkCommand(EMBED, args, signals);
}

function prepare(read: ReadFlags, config: StartConfig, fleet: Fleet | null): PreparedCommand {
  const { 'text-column': column = 'text', 'output-dtype': named = 'float' } = read.values;
  const dtype = oneOf('output-dtype', named, outputDtypes);
  const flags = readVectorFlags(read, config, fleet);
  return {
    textColumns: [column],
    conditions: { '--text-column': column, '--output-dtype': dtype, ...flags.conditions },
    metadata: flags.metadata,
    async openSource(logger, signal) {
      const check = (shape: VectorShape) => checkShape(dtype, shape);
      const source = await openVectors({ config, logger, signal, column, flags, check });
      return { source, value: { name: 'embedding', dimensions: source.facts.dimensions as number, dtype } };
    },
  };
}

/** @throws {StartError} {@link HotvecError} */
function checkShape(dtype: OutputDtype, { dimensions, isUnit }: VectorShape): void {
  if (!isUnit && /int8/.test(dtype)) {
    throw new StartError(`--output-dtype ${dtype} is of vectors of length one, and these are not; give --normalize.`);
  }
  checkOutputDtype(dtype, dimensions, isUnit, { dtype: '--output-dtype', dimensions: '--dimensions' });
}
