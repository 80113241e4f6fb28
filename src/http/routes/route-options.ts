import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TObject } from 'typebox';
import type { ModelRegistry } from '../../served-models/registry.ts';
import type { Config, SettingName } from '../../settings/settings.ts';

/** What every route that serves a model is registered with, ours and those of the dialects: the settings are those it reads. */
export interface RouteOptions<Setting extends SettingName = SettingName> {
  models: ModelRegistry;
  config: Pick<Config, Setting>;
}

/** How a route of ours takes a body, for a dialect whose API has another body at the same path. */
export interface OwnForm {
  body: TObject;
  /** Its answers, for a route's schema. */
  response: object;
  handle: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}
