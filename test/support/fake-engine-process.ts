import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROTOCOL_VERSION, type ToEngine } from '../../src/engine/protocol.ts';
import { hashRow } from './hash-row.ts';

// A fake engine behind the real protocol: a row is a hash stream of its exact token ids, so a wrong row names its owner.
// The environment scripts its faults, `FAKE_ENGINE` = JSON of FakeScript.

interface FakeScript {
  /** Milliseconds a batch takes, at least. */
  batchMs?: number;
  /** Further milliseconds for each thousand tokens. */
  msPerThousandTokens?: number;
}

const script: FakeScript = JSON.parse(process.env.FAKE_ENGINE ?? '{}');
let epoch = -1;
let hiddenSize = 0;
let turn: Promise<void> = Promise.resolve();

async function handle(message: ToEngine): Promise<void> {
  const envelope = { version: PROTOCOL_VERSION, epoch: message.epoch };
  switch (message.kind) {
    case 'load':
      epoch = message.epoch;
      hiddenSize = message.manifest.hiddenSize;
      process.send?.({
        ...envelope,
        kind: 'ready',
        info: {
          device: 'cpu',
          dtype: 'fp32',
          loadMilliseconds: 0,
          tokensPerSecond: 100_000,
          canaryCosine: 1,
          canaryDifference: 0,
        },
      });
      return;
    case 'batch': {
      const { tokenIds, offsets, batchId } = message;
      const start = performance.now();
      await sleep((script.batchMs ?? 0) + ((script.msPerThousandTokens ?? 0) * tokenIds.length) / 1000);
      const rows = new Float32Array((offsets.length - 1) * hiddenSize);
      for (let i = 0; i < offsets.length - 1; i++) {
        rows.set(hashRow(tokenIds.subarray(offsets[i], offsets[i + 1]), hiddenSize), i * hiddenSize);
      }
      process.send?.({
        ...envelope,
        epoch,
        kind: 'rows',
        batchId,
        rows,
        uniqueTokens: tokenIds.length,
        inferMilliseconds: performance.now() - start,
        residentBytes: process.memoryUsage.rss(),
      });
      return;
    }
    case 'shutdown':
      process.exit(0);
  }
}

process.on('message', (message) => {
  turn = turn.then(() => handle(message as ToEngine));
});
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
