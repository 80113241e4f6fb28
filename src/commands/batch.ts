import process from 'node:process';
import type { LineCounts } from '../batch-jobs/batch-job.ts';
import { checkFiles, type FileRunEnd, runFile } from '../batch-jobs/run-file.ts';
import { systemClock } from '../clock.ts';
import { StartError } from '../errors.ts';
import { openInflight } from '../http/app.ts';
import { createLogger } from '../log/logger.ts';
import { reportModel } from '../log/model-events.ts';
import { Metrics } from '../metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../metrics/observed-metrics.ts';
import { batchLimits, openLines } from '../serve-batches.ts';
import { openModels } from '../served-models/open-models.ts';
import { ConfigError, type StartConfig } from '../settings/config.ts';
import { type Flags, flagsHelp, readFlags, UsageError } from './bulk-flags.ts';
import { readUsedSettings } from './command-settings.ts';
import { EXIT_CONFIG, EXIT_ENGINE, EXIT_ROWS_FAILED, EXIT_SIGNALS, EXIT_USAGE } from './exit-codes.ts';
import { explainMachineError } from './explain-machine-error.ts';
import type { StopSignals } from './stop-signals.ts';
import { BATCH_SETTINGS } from './used-settings.ts';

const USAGE = 'hotvec batch INPUT -o OUTPUT [flags]';
const DESCRIPTION = "Answers the lines of a file for OpenAI's Batch API, without a server. An interrupted run goes on.";
const FLAGS = {
  output: { value: 'FILE', short: 'o', description: 'The file to write: a JSON line for each line of the input' },
  errors: { value: 'FILE', description: 'Another file for lines with an error; without it they are in the output' },
  overwrite: { description: 'Replace the output if it is there, and what is left of a run with another input' },
  help: { short: 'h', description: 'Show this' },
} as const satisfies Flags;

/** What the command line says beside the settings. */
interface BatchFiles {
  input: string;
  output: string;
  errors: string;
  overwrite: boolean;
}

/** Between two lines about progress. */
const LINE_MS = 10_000;

/**
 * `hotvec batch INPUT -o OUTPUT`: answers the lines of a file for OpenAI's Batch API, with its own engine and without a port.
 * Returns the exit code.
 */
export async function batchCommand(args: readonly string[], signals: StopSignals): Promise<number> {
  const read = readRun(args);
  if (typeof read === 'number') return read;
  const { files, config } = read;
  const stop = new AbortController();
  let stoppedBy: NodeJS.Signals | 'engine_failed' | undefined;
  const end = (reason: typeof stoppedBy) => {
    stoppedBy ??= reason;
    stop.abort();
  };
  signals.take(end);
  let failure: string | null = null;
  try {
    checkFiles(files);
    const ended = await run(files, config, stop.signal, {
      onEngineFailed: () => end('engine_failed'),
      onStorage: (code) => {
        failure = code;
        stop.abort();
      },
    });
    if (failure !== null) throw Object.assign(new Error('not stored'), { code: failure, path: files.output });
    return report(ended, files, stoppedBy);
  } catch (error) {
    const line = error instanceof StartError ? error.message : explainMachineError(error);
    if (line === undefined) throw error;
    process.stderr.write(`hotvec: ${line}\n`);
    return 1;
  }
}

/** @returns the exit code where there is nothing more to do. */
function readRun(args: readonly string[]): { files: BatchFiles; config: StartConfig } | number {
  try {
    const known = { command: 'batch', flags: FLAGS, used: BATCH_SETTINGS };
    const { inputs, values, switches, settings } = readFlags(known, args);
    if (switches.help === true) {
      process.stdout.write(flagsHelp(USAGE, DESCRIPTION, known));
      return 0;
    }
    // Without a working directory there is neither an engine process nor a path; this reports it in one line.
    process.cwd();
    const [input, ...others] = inputs;
    if (input === undefined || others.length > 0)
      throw new UsageError('One INPUT is needed: the file with the requests.');
    const { output = '', errors = output } = values;
    if (output === '') throw new UsageError('--output is missing: the file to write.');
    const config = readUsedSettings(BATCH_SETTINGS, settings);
    return { files: { input, output, errors, overwrite: switches.overwrite === true }, config };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_CONFIG;
  }
}

/** Loads the models, and answers the lines. */
async function run(
  files: BatchFiles,
  config: StartConfig,
  signal: AbortSignal,
  on: { onEngineFailed: () => void; onStorage: (failure: string | null) => void },
): Promise<FileRunEnd> {
  const logger = createLogger(config.logLevel, process.stderr);
  const metrics = new Metrics(() => NOTHING_OBSERVED);
  const clock = systemClock;
  // There is nobody to leave room for.
  const configs = config.models.map((one) => ({ ...one, keyShare: 1 }));
  const reports = (name: string) => reportModel(name, logger, metrics.of(name));
  const models = await openModels({ configs, logger, clock, reports, favor: 'throughput' });
  try {
    for (const { engine, service } of models) {
      engine.onStateChange(() => {
        if (service.isGivenUp) on.onEngineFailed();
      });
    }
    for (const { start } of models) await start();
    const lines = await openLines({ config, models, logger, metrics, inflight: openInflight(config, metrics) });
    let lastLine = clock.now();
    const onProgress = ({ total, completed, failed }: LineCounts) => {
      if (clock.now() - lastLine < LINE_MS && completed + failed < total) return;
      lastLine = clock.now();
      logger.info({ total, completed, failed }, 'lines answered');
    };
    const { onStorage } = on;
    const { maxLines: _, ...limits } = batchLimits(config);
    const all = { ...limits, maxLines: Number.MAX_SAFE_INTEGER };
    return await runFile({ ...files, limits: all, service: lines, clock, signal, onStorage, onProgress }).finally(() =>
      lines.close(),
    );
  } finally {
    await Promise.all(models.map(({ engine }) => engine.close()));
  }
}

/** @returns the exit code. */
function report(
  ended: FileRunEnd,
  { output }: BatchFiles,
  stoppedBy: NodeJS.Signals | 'engine_failed' | undefined,
): number {
  if ('problems' in ended) {
    const lines = ended.problems.map(({ line, message }) => `${line === null ? '' : `line ${line}: `}${message}\n`);
    process.stderr.write(lines.join(''));
    return 1;
  }
  const { isWhole, total, completed, failed } = ended;
  if (!isWhole) {
    const when =
      total === 0 ? 'before the file was read' : `after ${completed + failed} of ${total} lines, which are kept`;
    process.stderr.write(`Interrupted ${when}: the same command goes on.\n`);
    return stoppedBy === undefined || stoppedBy === 'engine_failed' ? EXIT_ENGINE : (EXIT_SIGNALS[stoppedBy] ?? 1);
  }
  process.stdout.write(`${output}: ${completed} lines, ${failed} with an error\n`);
  return failed === 0 ? 0 : EXIT_ROWS_FAILED;
}
