import process from 'node:process';
import { parseArgs } from 'node:util';
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
import { readConfig, type StartConfig } from '../settings/config.ts';
import { readSettings } from './command-settings.ts';
import { EXIT_ENGINE, EXIT_ROWS_FAILED, EXIT_SIGNALS, EXIT_USAGE } from './exit-codes.ts';
import { explainMachineError } from './explain-machine-error.ts';
import type { StopSignals } from './stop-signals.ts';

const USAGE = 'hotvec batch INPUT -o OUTPUT [--errors FILE] [--overwrite] [flags]';

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
  const { files, settings } = readFiles(args);
  const isHelp = args.includes('--help') || args.includes('-h');
  if (files === undefined && !isHelp) {
    process.stderr.write(`hotvec batch needs one INPUT, and --output.\n\nUsage: ${USAGE}\n`);
    return EXIT_USAGE;
  }
  // Nothing listens here: HOST is not a reason to require API keys.
  const environment = { ...process.env, HOST: undefined, HOTVEC_HOST: undefined };
  const config = readSettings(USAGE, isHelp ? ['--help'] : [], () => readConfig(environment, settings));
  if (typeof config === 'number' || files === undefined) return config as number;

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

/** @returns `files` undefined: the command line cannot be meant. */
function readFiles(args: readonly string[]): { files: BatchFiles | undefined; settings: string[] } {
  const own = {
    output: { type: 'string', short: 'o' },
    errors: { type: 'string' },
    overwrite: { type: 'boolean' },
  } as const;
  const { tokens } = parseArgs({ args: [...args], options: own, strict: false, allowPositionals: true, tokens: true });
  const values: Partial<Record<'output' | 'errors', string>> = {};
  const settings: string[] = [];
  const inputs: string[] = [];
  let overwrite = false;
  for (const token of tokens) {
    if (token.kind === 'option' && token.name === 'overwrite') overwrite = true;
    else if (token.kind === 'option' && (token.name === 'output' || token.name === 'errors'))
      values[token.name] = token.value ?? '';
    else if (token.kind === 'option') settings.push(args[token.index] as string);
    else if (token.kind === 'positional') {
      const before = args[token.index - 1] ?? '';
      // The value of a setting's flag.
      if (settings.at(-1) === before && before.startsWith('--') && !before.includes('=')) settings.push(token.value);
      else inputs.push(token.value);
    }
  }
  const [input, ...others] = inputs;
  const { output = '', errors = output } = values;
  const isMeant = input !== undefined && others.length === 0 && output !== '' && errors !== '';
  return { files: isMeant ? { input, output, errors, overwrite } : undefined, settings };
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
  const models = await openModels({ configs, logger, clock, reports });
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
    process.stderr.write(
      `Interrupted after ${completed + failed} of ${total} lines, which are kept: the same command goes on.\n`,
    );
    return stoppedBy === undefined || stoppedBy === 'engine_failed' ? EXIT_ENGINE : (EXIT_SIGNALS[stoppedBy] ?? 1);
  }
  process.stdout.write(`${output}: ${completed} lines, ${failed} with an error\n`);
  return failed === 0 ? 0 : EXIT_ROWS_FAILED;
}
