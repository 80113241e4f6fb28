import process from 'node:process';
import { systemClock } from '../../clock.ts';
import { messageOf, StartError } from '../../errors.ts';
import { loadModel } from '../../formats/load-model.ts';
import type { LoadedModel } from '../../formats/model-format.ts';
import { engineCheckOf } from '../../tasks/engine-checks.ts';
import { explainModelFailure } from '../explain-device-failure.ts';
import {
  type Batch,
  type EngineInfo,
  type FromEngine,
  PROTOCOL_VERSION,
  rowOffsetsOf,
  type ToEngine,
  type Unaddressed,
} from '../protocol.ts';
import { calibrate } from './calibrate.ts';
import { probeDevice } from './probe-device.ts';
import { startOrphanGuard } from './start-orphan-guard.ts';
import { warmUp } from './warm-up.ts';

// Entry of the engine process: probe the device → load → warm up → canary → calibrate → serve batches, one after the
// other. Forked by supervisor.ts.

let epoch = -1;
let model: LoadedModel | undefined;
let runCanary = async () => {};
/** Reading it opens a file: once a second, not between any two batches. */
let memory = { bytes: 0, readAt: Number.NEGATIVE_INFINITY };
/** Messages are handled strictly in turn, whatever awaits inside. */
let turn: Promise<void> = Promise.resolve();

function send(message: Unaddressed<FromEngine>): void {
  process.send?.({ ...message, version: PROTOCOL_VERSION, epoch });
}

async function handle(message: ToEngine): Promise<void> {
  if (message.version !== PROTOCOL_VERSION) {
    send({
      kind: 'load_failed',
      message: `The engine expected protocol version ${PROTOCOL_VERSION}, got ${message.version}: rebuild hotvec.`,
    });
    return;
  }
  switch (message.kind) {
    case 'load':
      epoch = message.epoch;
      startOrphanGuard(message.parentProcessId);
      try {
        send({ kind: 'ready', info: await load(message) });
      } catch (error) {
        send({ kind: 'load_failed', message: messageOf(error) });
      }
      return;
    case 'batch':
      await runBatch(message);
      return;
    case 'ping':
      send({ kind: 'pong' });
      return;
    case 'canary':
      try {
        await runCanary();
        send({ kind: 'canary_passed' });
      } catch (error) {
        send({ kind: 'canary_failed', message: messageOf(error) });
      }
      return;
    case 'shutdown':
      process.exit(0);
  }
}

async function load({ manifest, settings, calibration: known }: ToEngine & { kind: 'load' }): Promise<EngineInfo> {
  const start = performance.now();
  const check = engineCheckOf(manifest);
  await probeDevice(settings);
  const maxTokens = Math.max(settings.maxTokens, check.longestSequence(manifest));
  const uncounted = await loadModel(manifest, { ...settings, maxTokens }).catch((error: unknown) => {
    if (error instanceof StartError) throw error;
    throw new StartError(explainModelFailure(settings, messageOf(error)));
  });
  const loaded = countRows(uncounted, manifest.hiddenSize);
  const { vocabularySize } = manifest;
  await warmUp(loaded.run, { vocabularySize, ...settings });
  let tokensPerSecond = 0;
  const run = async (batch: Batch) => {
    const runStart = performance.now();
    const result = await loaded.run(batch);
    tokensPerSecond = Math.max(tokensPerSecond, (1000 * result.computedTokens) / (performance.now() - runStart));
    return result;
  };
  const canary = await check.pass(run, manifest, settings);
  const loadMilliseconds = performance.now() - start;
  const calibration =
    known ??
    (await calibrate(run, { ...settings, vocabularySize, loadMilliseconds, tokensPerSecond, clock: systemClock }));
  runCanary = async () => {
    await check.pass(loaded.run, manifest, settings);
  };
  model = loaded;
  return {
    device: settings.device,
    dtype: settings.dtype,
    loadMilliseconds: performance.now() - start,
    tokensPerSecond,
    calibration,
    canaryCosine: canary.cosine,
    canaryDifference: canary.difference,
    canaryScores: canary.scores,
  };
}

/** The model, and as many rows of it as a batch asks for: counted here, and in the main process by SentBatches. */
function countRows(model: LoadedModel, hiddenSize: number): LoadedModel {
  return {
    run: async (batch) => {
      const result = await model.run(batch);
      const count = rowOffsetsOf(batch).at(-1) as number;
      if (result.rows.length === count * hiddenSize) return result;
      const found = result.rows.length / count;
      throw new Error(`the graph returns rows of ${found} components, but the model's config says ${hiddenSize}`);
    },
  };
}

async function runBatch({ batchId, tokenIds, offsets, perToken }: ToEngine & { kind: 'batch' }): Promise<void> {
  const start = performance.now();
  try {
    if (model === undefined) throw new Error('no model is loaded');
    const { rows, computedTokens } = await model.run({ tokenIds, offsets, perToken });
    send({
      kind: 'rows',
      batchId,
      rows,
      computedTokens,
      inferMilliseconds: performance.now() - start,
      residentBytes: residentBytes(),
    });
  } catch (error) {
    send({ kind: 'batch_failed', batchId, message: messageOf(error) });
  }
}

function residentBytes(): number {
  const now = performance.now();
  if (now - memory.readAt > 1_000) memory = { bytes: process.memoryUsage.rss(), readAt: now };
  return memory.bytes;
}

process.on('message', (message) => {
  turn = turn.then(() => handle(message as ToEngine));
});
// The parent is gone: no one needs an answer.
process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C and systemd's SIGTERM reach the whole group; the parent decides when the engine ends, after it
// drained.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
