import { writeSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrphanGuard } from '../../src/engine/process/start-orphan-guard.ts';
import { type BatchTime, PROTOCOL_VERSION, type ToEngine } from '../../src/engine/protocol.ts';
import { engineFacts } from './engine-facts.ts';
import { hashRow } from './hash-row.ts';

// A fake engine behind the real protocol: a row is a hash stream of its exact token ids, so a wrong row names its owner.
// The environment scripts its faults, `FAKE_ENGINE` = JSON of FakeScript.

export type Fault =
  | 'exit'
  | 'hang'
  | 'killed'
  | 'slow'
  | 'crash'
  | 'short_row'
  | 'extra_row'
  | 'not_finite'
  | 'zeros'
  | 'batch_failed'
  | 'answer_twice'
  | 'old_epoch'
  | 'next_epoch'
  | 'unknown_batch'
  | 'garbage'
  | 'nothing'
  | 'wrong_types'
  | 'unknown_kind'
  | 'huge_id'
  | 'unreadable';

export interface FakeScript {
  /** Load: fails with this message, on every device or on one, ends the process with `exit`, or never ends. */
  load?: { fail?: string; failOnDevice?: number; exitFromEpoch?: number; hangInEpoch?: number };
  /** What goes wrong with the n-th batch (from 0) of an epoch; epoch left out: of every one. */
  faults?: { epoch?: number; batch: number; fault: Fault }[];
  /** What goes wrong with the first batch of an epoch that has this token in it. */
  marked?: { epoch: number; token: number; fault: Fault }[];
  /** What goes wrong with every batch that has this token in it. */
  poison?: { token: number; fault: Fault };
  /** What becomes of the canary when it is run again. */
  canary?: 'fails' | 'hangs';
  /** Milliseconds a batch takes, at least. */
  batchMs?: number;
  /** Further milliseconds for each thousand tokens. */
  msPerThousandTokens?: number;
  /** What the calibration measured; left out: nothing. */
  curve?: BatchTime[];
}

/** File descriptor of the messages: the fourth of `stdio` in fork-engine.ts. */
const CHANNEL = 3;

const script: FakeScript = JSON.parse(process.env.FAKE_ENGINE ?? '{}');
const { calibration } = engineFacts();
let epoch = -1;
let hiddenSize = 0;
let batches = 0;
let turn: Promise<void> = Promise.resolve();

/** Another row before those that were asked for. */
function withExtraRow(rows: Float32Array): Float32Array {
  const more = new Float32Array(rows.length + hiddenSize).fill(-1);
  more.set(rows, hiddenSize);
  return more;
}

/** What is to go wrong with a batch of these tokens; not again with the next of them. */
function markedFault(tokenIds: Int32Array): Fault | undefined {
  const { marked = [] } = script;
  const index = marked.findIndex((one) => one.epoch === epoch && tokenIds.includes(one.token));
  return index === -1 ? undefined : marked.splice(index, 1)[0]?.fault;
}

async function handle(message: ToEngine): Promise<void> {
  const envelope = { version: PROTOCOL_VERSION, epoch: message.epoch };
  switch (message.kind) {
    case 'load':
      epoch = message.epoch;
      hiddenSize = message.manifest.hiddenSize;
      startOrphanGuard(message.parentProcessId);
      if (epoch === script.load?.hangInEpoch) for (;;);
      if (epoch >= (script.load?.exitFromEpoch ?? Number.POSITIVE_INFINITY)) process.exit(3);
      if (
        script.load?.fail !== undefined &&
        (script.load.failOnDevice ?? message.settings.deviceId) === message.settings.deviceId
      ) {
        process.send?.({ ...envelope, kind: 'load_failed', message: script.load.fail });
        return;
      }
      process.send?.({
        ...envelope,
        kind: 'ready',
        // Another batch size for each start: who keeps the first is seen to.
        info: engineFacts({
          calibration: message.calibration ?? {
            ...calibration,
            batchTokens: calibration.batchTokens - epoch,
            curve: script.curve ?? [],
          },
        }),
      });
      return;
    case 'batch': {
      const { tokenIds, offsets, batchId } = message;
      const number = batches++;
      const fault = tokenIds.includes(script.poison?.token ?? -1)
        ? script.poison?.fault
        : (script.faults?.find((one) => one.batch === number && (one.epoch ?? epoch) === epoch)?.fault ??
          markedFault(tokenIds));
      if (fault === 'exit') process.exit(3);
      if (fault === 'killed') process.kill(process.pid, 'SIGKILL');
      if (fault === 'crash') process.kill(process.pid, 'SIGSEGV');
      if (fault === 'hang') for (;;);
      if (fault === 'garbage') process.send?.('garbage');
      if (fault === 'nothing') process.send?.(null);
      // Four bytes of length, and four that are no serialized value.
      if (fault === 'unreadable') writeSync(CHANNEL, Uint8Array.of(0, 0, 0, 4, 0xde, 0xad, 0xbe, 0xef));
      if (fault === 'unknown_kind') process.send?.({ ...envelope, kind: 'rows_of_another_kind', batchId });
      if (fault === 'huge_id') process.send?.({ ...envelope, kind: 'batch_failed', batchId: 1e300, message: '' });
      if (fault === 'batch_failed') {
        process.send?.({ ...envelope, kind: 'batch_failed', batchId, message: 'scripted failure' });
        return;
      }
      const start = performance.now();
      if (fault === 'slow') await sleep(1_000);
      await sleep((script.batchMs ?? 0) + ((script.msPerThousandTokens ?? 0) * tokenIds.length) / 1000);
      const rows = new Float32Array((offsets.length - 1) * hiddenSize);
      for (let i = 0; i < offsets.length - 1; i++) {
        rows.set(hashRow(tokenIds.subarray(offsets[i], offsets[i + 1]), hiddenSize), i * hiddenSize);
      }
      if (fault === 'not_finite') rows[hiddenSize - 1] = Number.NaN;
      if (fault === 'zeros') rows.fill(0);
      const answer = {
        ...envelope,
        kind: 'rows',
        batchId,
        rows: fault === 'short_row' ? rows.subarray(1) : fault === 'extra_row' ? withExtraRow(rows) : rows,
        computedTokens: tokenIds.length,
        inferMilliseconds: performance.now() - start,
        residentBytes: process.memoryUsage.rss(),
      };
      if (fault === 'wrong_types') process.send?.({ ...answer, rows: Array.from(rows, (value) => -value) });
      if (fault === 'unknown_batch')
        process.send?.({ ...answer, batchId: batchId + 1, rows: rows.map((value) => -value) });
      if (fault === 'next_epoch') process.send?.({ ...answer, epoch: epoch + 1, rows: rows.map((value) => -value) });
      if (fault === 'old_epoch') process.send?.({ ...answer, epoch: epoch - 1, rows: rows.map((value) => -value) });
      process.send?.(answer);
      if (fault === 'answer_twice') process.send?.({ ...answer, rows: rows.map((value) => -value) });
      return;
    }
    case 'ping':
      process.send?.({ ...envelope, kind: 'pong' });
      return;
    case 'canary':
      if (script.canary === 'hangs') for (;;);
      process.send?.(
        script.canary === 'fails'
          ? { ...envelope, kind: 'canary_failed', message: 'scripted' }
          : { ...envelope, kind: 'canary_passed' },
      );
      return;
    case 'shutdown':
      process.exit(0);
  }
}

process.on('message', (message) => {
  turn = turn.then(() => handle(message as ToEngine));
});
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
