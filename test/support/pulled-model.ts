import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HubEvent } from '../../src/model-files/hub/hub-events.ts';
import { locateModel } from '../../src/model-files/locate-model.ts';
import type { ModelSettings } from '../../src/model-files/model-settings.ts';
import type { ModelLocation } from '../../src/model-files/resolve-model.ts';
import { readConfig } from '../../src/settings/config.ts';
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

/**
 * An ONNX file of one output and no operators, in ASCII: ModelProto with a graph, and pieces of documentation (field 6)
 * up to `size` bytes. Of a repeated field, the last one counts.
 */
export function tinyGraph(output: string, size = 0, ...dataFiles: string[]): string {
  const field = (tag: string, text: string) => `${tag}${String.fromCharCode(text.length)}${text}`;
  const data = dataFiles.map((file) => field('*', field('j', field('\n', 'location') + field('\x12', file)))).join('');
  const graph = field(':', data + field('b', field('\n', output)));
  const rest = Math.max(0, size - graph.length);
  const pieces = Math.floor(rest / 102);
  const last = rest - 102 * pieces;
  return (
    graph + field('2', 'the graph '.repeat(10)).repeat(pieces) + (last < 2 ? '' : field('2', 'x'.repeat(last - 2)))
  );
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
  'onnx/model.onnx': tinyGraph('sentence_embedding', 10_000),
};
