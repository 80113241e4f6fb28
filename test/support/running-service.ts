import { Writable } from 'node:stream';
import { createLogger } from '../../src/log/logger.ts';
import { type ServeOptions, type Service, serve } from '../../src/serve.ts';
import { type Config, readConfig, type StartConfig } from '../../src/settings/config.ts';
import { modelConfigs } from '../../src/settings/model-configs.ts';

export interface RunningService extends Service {
  /** Every log line so far. */
  log: () => string;
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
}

/** Settings as the service reads them, on a free port. */
export function testConfig(settings: Partial<Config> = {}): StartConfig {
  const config = { ...readConfig({}), port: 0, logLevel: 'info' as const, drainMs: 2_000, ...settings };
  return { ...config, models: modelConfigs(config).models };
}

/** The whole service in this process: real model, real engine process, real HTTP. Close it when done. */
export async function startService(
  settings: Partial<Config> = {},
  engineEntry?: URL,
  others: Pick<ServeOptions, 'clock' | 'cgroup'> = {},
): Promise<RunningService> {
  let lines = '';
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      lines += chunk.toString();
      done();
    },
  });
  const config = testConfig(settings);
  const service = await serve({
    config,
    logger: createLogger(config.logLevel, sink),
    ...(engineEntry === undefined ? {} : { engineEntry }),
    ...others,
  });
  return {
    ...service,
    log: () => lines,
    post: (path, body, headers = {}) =>
      fetch(service.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
