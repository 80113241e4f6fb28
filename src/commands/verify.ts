import process from 'node:process';
import type { Logger } from 'pino';
import { systemClock } from '../clock.ts';
import { StartError } from '../errors.ts';
import { createLogger } from '../log/logger.ts';
import { type ModelReports, openModel } from '../served-models/open-model.ts';
import { type CheckGroup, verifyModel } from '../served-models/verify-model.ts';
import type { Config } from '../settings/config.ts';
import { readLocalSettings } from './command-settings.ts';

/**
 * `hotvec verify [MODEL]`: loads each model as `serve` does, compares its vectors with all that is known of them, and
 * prints a table. Returns 0 when everything agrees, 1 when something does not or a model cannot be loaded.
 */
export async function verifyCommand(args: readonly string[]): Promise<number> {
  const config = readLocalSettings('verify', args);
  if (typeof config === 'number') return config;
  // Standard output is for the tables.
  const logger = createLogger(config.logLevel, process.stderr);
  let isRight = true;
  for (const one of config.models) {
    try {
      isRight = (await verifyOne(one, logger)) && isRight;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      process.stderr.write(`${error.message}\n`);
      isRight = false;
    }
  }
  return isRight ? 0 : 1;
}

/** Prints what was found of a model. @returns whether all of it agrees. */
async function verifyOne(config: Config, logger: Logger): Promise<boolean> {
  const reports = (): ModelReports => ({ onEngineEvent: (event) => logger.debug(event, 'engine event') });
  const model = await openModel({ config, logger, clock: systemClock, reports });
  try {
    const { info, fingerprint } = await model.start();
    const { manifest } = model;
    const groups = await verifyModel(model, info);
    const name = `${manifest.name}${manifest.revision === null ? '' : `@${manifest.revision}`}`;
    const { weights } = model.service.model;
    process.stdout.write(`${name}, ${weights} in ${info.dtype} on ${info.device}, fingerprint ${fingerprint}\n\n`);
    process.stdout.write(formatTable(groups));
    return groups.every(({ checks }) => checks.every(({ passed }) => passed));
  } finally {
    await model.engine.close();
  }
}

function formatTable(groups: readonly CheckGroup[]): string {
  const all = groups.flatMap(({ checks }) => checks);
  const width = (texts: string[]) => Math.max(...texts.map((text) => text.length));
  const columns = [width(all.map(({ what }) => what)), width(all.map(({ wanted }) => wanted))] as const;
  const lines = groups.flatMap(({ reference, checks }) => [
    `Against ${reference}:`,
    ...checks.map(
      ({ what, wanted, found, passed }) =>
        `  ${passed ? 'ok    ' : 'WRONG '} ${what.padEnd(columns[0])}  ${wanted.padEnd(columns[1])}  ${found}`,
    ),
    '',
  ]);
  const wrong = all.filter(({ passed }) => !passed).length;
  if (groups.length === 1) {
    lines.push(
      'No reference vectors or scores of this model are known: this proves only that a result does not depend on what else is in its batch.',
      'A hotvec-canary.json in its folder can hold some (docs/models.md, docs/reranking.md).',
      '',
    );
  }
  const number = all.length === 1 ? 'The one check' : `All ${all.length} checks`;
  lines.push(wrong === 0 ? `${number} passed.` : `${wrong} of ${all.length} checks failed.`);
  return `${lines.join('\n')}\n`;
}
