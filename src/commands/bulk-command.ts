import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import process from 'node:process';
import type { Logger } from 'pino';
import { errorsFileOf } from '../bulk/output-place.ts';
import { type BulkOptions, runBulk } from '../bulk/run-bulk.ts';
import { systemClock } from '../clock.ts';
import { HotvecError, StartError } from '../errors.ts';
import { createLogger } from '../log/logger.ts';
import { ConfigError, type StartConfig } from '../settings/config.ts';
import {
  type Flags,
  flagsHelp,
  type ReadFlags,
  readFlags,
  readInputFormat,
  readNames,
  readOutput,
  readShard,
  UsageError,
} from './bulk-flags.ts';
import { logProgress, type ProgressView, QUIET, terminalProgress } from './bulk-progress.ts';
import { readUsedSettings } from './command-settings.ts';
import { EXIT_CONFIG, EXIT_ROWS_FAILED, EXIT_SIGNALS, EXIT_USAGE } from './exit-codes.ts';
import { explainMachineError } from './explain-machine-error.ts';
import { askedModel, type Fleet, readFleet } from './fleet-flags.ts';
import type { StopSignals } from './stop-signals.ts';
import { FLEET_SETTINGS, type UsedSettings } from './used-settings.ts';

/** A command that computes something of every row of files. */
export interface BulkCommand {
  name: string;
  description: string;
  result: BulkOptions['result'];
  flags: Flags;
  /** Where an engine here computes. */
  used: UsedSettings;
  /**
   * Reads what is the command's own.
   * @param fleet the servers that compute; null: an engine here.
   * @throws {UsageError} {@link ConfigError}
   */
  prepare: (flags: ReadFlags, config: StartConfig, fleet: Fleet | null) => PreparedCommand;
}

export interface PreparedCommand extends Pick<BulkOptions, 'metadata'> {
  textColumns: readonly string[];
  /** What the results depend on besides the model's fingerprint, by flag. */
  conditions: BulkOptions['flags'];
  openSource: (logger: Logger, signal: AbortSignal) => ReturnType<BulkOptions['openSource']>;
}

/** A command line that can be run. */
interface ReadRun {
  flags: ReadFlags;
  config: StartConfig;
  prepared: PreparedCommand;
  options: Omit<BulkOptions, 'openSource' | 'standardInput' | 'signal' | 'reports'>;
}

/** Runs it. @returns the exit code. */
export async function runBulkCommand(
  command: BulkCommand,
  args: readonly string[],
  signals: StopSignals,
): Promise<number> {
  const read = readRun(command, args);
  if (typeof read === 'number') return read;
  const { flags, config, prepared, options } = read;
  const { output } = options;
  const isQuiet = flags.switches.quiet === true;
  const isTerminal = process.stderr.isTTY && !isQuiet;
  // Lines of the log would tear the bar.
  const level = config.logLevel === 'info' && (isTerminal || isQuiet) ? 'warn' : config.logLevel;
  const logger = createLogger(level, process.stderr);
  const view = isTerminal
    ? terminalProgress(process.stderr, systemClock)
    : isQuiet
      ? QUIET
      : logProgress(logger, systemClock);
  const say = (line: string) => {
    view.stop();
    process.stderr.write(`${line}\n`);
  };
  const stop = new AbortController();
  // Each call listens to it.
  setMaxListeners(0, stop.signal);
  let stoppedBy: NodeJS.Signals | undefined;
  signals.take((signal) => {
    stoppedBy = signal;
    stop.abort();
  });
  try {
    const done = await runBulk({
      ...options,
      openSource: () => prepared.openSource(logger, stop.signal),
      standardInput: process.stdin,
      signal: stop.signal,
      reports: reportsTo(view, logger),
    });
    view.stop();
    if (done === null) {
      process.stdout.write(`${output} is there already: nothing to do.\n`);
      return existsSync(errorsFileOf(output)) ? EXIT_ROWS_FAILED : 0;
    }
    const { rows, failed, shared } = done;
    const repeated = shared === 0 ? '' : `, ${shared} of them with the text of another`;
    process.stdout.write(`${output}: ${rows - failed} rows${repeated}\n`);
    if (failed === 0) return 0;
    say(`${failed} of ${rows} rows have no result: ${errorsFileOf(output)} says why.`);
    return EXIT_ROWS_FAILED;
  } catch (error) {
    if (stoppedBy !== undefined) {
      const kept = existsSync(`${output}.partial`)
        ? `What is done is kept in ${output}.partial: the same command without --overwrite goes on.`
        : 'Nothing was done yet, and nothing is left.';
      say(`Interrupted. ${kept}`);
      return EXIT_SIGNALS[stoppedBy] ?? 1;
    }
    const isExplained = error instanceof StartError || error instanceof HotvecError;
    const line = isExplained ? error.message : explainMachineError(error);
    if (line === undefined) throw error;
    say(`hotvec: ${line}`);
    return 1;
  } finally {
    view.stop();
  }
}

/** @returns the exit code where there is nothing more to do. */
function readRun(command: BulkCommand, args: readonly string[]): ReadRun | number {
  try {
    const known = { command: command.name, flags: command.flags, used: command.used };
    const flags = readFlags(known, args);
    if (flags.switches.help === true) {
      const usage = `hotvec ${command.name} INPUT… -o OUTPUT [flags]`;
      process.stdout.write(flagsHelp(usage, command.description, known));
      return 0;
    }
    // Without a working directory there is neither an engine process nor a path; this reports it in one line.
    process.cwd();
    const { inputs, values, switches } = flags;
    const inputFormat = readInputFormat(flags);
    const { output, format } = readOutput(flags);
    const shard = readShard(flags);
    if (switches.overwrite === true && switches['skip-existing'] === true) {
      throw new UsageError(
        '--overwrite replaces an output that is there, and --skip-existing keeps it: give one of them.',
      );
    }
    const servers = readFleet(flags);
    const config = readUsedSettings(servers === null ? command.used : FLEET_SETTINGS, flags.settings);
    const fleet = servers === null ? null : { ...servers, model: askedModel(config, flags) };
    const prepared = command.prepare(flags, config, fleet);
    const given = ['input-format', 'id-column', 'keep', 'shard'].map((name) => [`--${name}`, values[name] ?? null]);
    const options = {
      request: {
        inputs,
        inputFormat,
        textColumns: prepared.textColumns,
        idColumn: values['id-column'] ?? null,
        keep: readNames(values.keep),
      },
      output,
      format,
      overwrite: switches.overwrite === true,
      skipExisting: switches['skip-existing'] === true,
      result: command.result,
      shard,
      flags: { ...Object.fromEntries(given), '--output-format': format, ...prepared.conditions },
      metadata: prepared.metadata,
    };
    return { flags, config, prepared, options };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_CONFIG;
  }
}

function reportsTo(view: ProgressView, logger: Logger): BulkOptions['reports'] {
  return { ...view, onShard: (part) => logger.info({ part }, 'computing a shard') };
}
