import process from 'node:process';
import { messageOf, StartError } from '../errors.ts';
import { readApiKeys } from '../http/door/api-keys.ts';
import { LogDestination } from '../log/destination.ts';
import { createLogger } from '../log/logger.ts';
import { nameOfModel } from '../model-files/resolve-model.ts';
import { packageVersion } from '../package-info.ts';
import type { Service } from '../serve.ts';
import { nameProblems } from '../served-models/model-names.ts';
import { readConfig, type StartConfig, withoutSecrets } from '../settings/config.ts';
import { readSettings } from './command-settings.ts';
import { EXIT_ENGINE } from './exit-codes.ts';
import { explainMachineError } from './explain-machine-error.ts';
import { adviceOn } from './starter-advice.ts';
import type { StopSignals } from './stop-signals.ts';
import { handleUncaughtErrors } from './uncaught-errors.ts';

/** `hotvec serve`: runs until SIGTERM or SIGINT. Returns the exit code. */
export async function serveCommand(args: readonly string[], signals: StopSignals): Promise<number> {
  const config = readSettings('hotvec serve [flags]', args, () => readConfig(process.env, args, startProblems));
  if (typeof config === 'number') return config;
  const { serve } = await import('../serve.ts');
  const log = new LogDestination(1);
  const logger = createLogger(config.logLevel, log);
  handleUncaughtErrors(logger);
  const stop = new Promise<string>((resolve) => signals.take(resolve));

  // Until there are keys there is nothing to read again.
  let reload = () => {};
  const onHangup = (read: () => void) => {
    reload = read;
  };
  // On Windows it asks to stop.
  if (process.platform !== 'win32') process.on('SIGHUP', () => reload());

  logger.info({ version: packageVersion, node: process.version, config: withoutSecrets(config) }, 'starting hotvec');
  for (const { model } of config.models) {
    const advice = adviceOn(model);
    if (advice !== undefined) logger.info(advice);
  }
  let service: Service | string;
  try {
    // Stopped while it loads: the engine process ends by itself when this one is gone.
    service = await Promise.race([serve({ config, logger, logLinesDropped: () => log.dropped, onHangup }), stop]);
  } catch (error) {
    const explained = error instanceof StartError ? error.message : explainMachineError(error);
    if (explained !== undefined) logger.fatal(explained);
    else logger.fatal({ err: error }, 'unexpected error while starting');
    return 1;
  }
  if (typeof service === 'string') {
    logger.info({ reason: service }, 'stopped while starting');
    return 0;
  }
  if (process.stdout.isTTY)
    process.stdout.write(`\nhotvec is ready at ${service.url}  (docs: ${service.url}/docs)\n\n`);

  const reason = await Promise.race([stop, service.failed.then(() => 'engine_failed')]);
  logger.info({ reason }, 'shutting down');
  await service.close();
  logger.info('stopped');
  return reason === 'engine_failed' ? EXIT_ENGINE : 0;
}

/** What is told with the other settings, before anything is loaded: names that clash, a key file that cannot be used. */
function startProblems({ models, apiKeysFile }: StartConfig): string[] {
  const names = models.map(({ model, servedModelName, aliases }) => [
    servedModelName || nameOfModel(model),
    ...aliases,
  ]);
  try {
    if (apiKeysFile !== '') readApiKeys(apiKeysFile);
    return nameProblems(names);
  } catch (error) {
    return [...nameProblems(names), messageOf(error)];
  }
}
