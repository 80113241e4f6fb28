import type { ModelSettings } from '../model-files/model-settings.ts';
import type { Config } from '../settings/config.ts';

/** The settings that are of one model. */
export type ModelConfig = ModelSettings &
  Pick<
    Config,
    | 'servedModelName'
    | 'aliases'
    | 'device'
    | 'deviceId'
    | 'pooling'
    | 'task'
    | 'matryoshkaDimensions'
    | 'emptyTexts'
    | 'threads'
    | 'enginesPerDevice'
    | 'prepacking'
    | 'maxInputTokens'
    | 'maxRequestTokens'
    | 'maxBatchTokens'
    | 'vectorCacheMb'
    | 'maxQueueTokens'
    | 'keyShare'
  >;
