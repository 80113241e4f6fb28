import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../src/config.ts';
import type { HubEvent } from '../../src/model/hub/hub-events.ts';
import { locateModel } from '../../src/model/locate-model.ts';
import type { ModelSettings } from '../../src/model/model-settings.ts';
import type { ModelLocation } from '../../src/model/resolve-model.ts';
import { LocalHub } from './local-hub.ts';

/** A hub, an empty cache, and a way to get models from the one into the other without waiting between tries. */
export class PullingFixture {
  readonly hub: LocalHub;
  readonly home: string;
  /** What happened, since the start. */
  events: HubEvent[] = [];
  /** How long it would have waited between tries, in milliseconds. */
  waits: number[] = [];

  private constructor(hub: LocalHub) {
    this.hub = hub;
    this.home = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  }

  static async start(): Promise<PullingFixture> {
    return new PullingFixture(await LocalHub.start());
  }

  /** What `MODEL=model npm start` does for a model, or with `refresh` what `hotvec pull` does. */
  locate(model: string, settings: Partial<ModelSettings> = {}, refresh = false): Promise<ModelLocation> {
    const config = readConfig({ HF_ENDPOINT: this.hub.url, MODELSCOPE_ENDPOINT: this.hub.url, HF_HOME: this.home });
    return locateModel({
      settings: { ...config, model, ...settings },
      refresh,
      onEvent: (event) => this.events.push(event),
      wait: async (milliseconds) => {
        this.waits.push(milliseconds);
      },
    });
  }

  pull(model: string, settings: Partial<ModelSettings> = {}): Promise<ModelLocation> {
    return this.locate(model, settings, true);
  }

  /** What was asked of the hub, in short: paths of files. */
  fetched(): string[] {
    return this.hub.requests
      .map(({ url }) => /\/resolve\/[0-9a-f]+\/([^?]+)/.exec(url)?.[1] ?? /FilePath=([^&]+)/.exec(url)?.[1])
      .filter((file) => file !== undefined)
      .map((file) => decodeURIComponent(file));
  }

  async close(): Promise<void> {
    await this.hub.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** A model small enough to be sent a thousand times: nothing reads its weights. */
export const tinyModel: Record<string, string> = {
  'config.json': JSON.stringify({ model_type: 'bert', architectures: ['BertModel'], hidden_size: 8 }),
  'tokenizer.json': '{"a": "tokenizer"}',
  'tokenizer_config.json': '{}',
  'modules.json': JSON.stringify([
    { path: '', type: 'sentence_transformers.models.Transformer' },
    { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
  ]),
  '1_Pooling/config.json': '{"pooling_mode_cls_token": true}',
  'onnx/model.onnx': 'the graph '.repeat(1000),
};
