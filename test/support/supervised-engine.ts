import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { EngineSettings } from '../../src/engine/protocol.ts';
import type { EngineEvent } from '../../src/engine/supervisor/engine-events.ts';
import { EngineGroup, type EngineGroupOptions } from '../../src/engine/supervisor/engine-group.ts';
import { EngineSupervisor, type SupervisorOptions } from '../../src/engine/supervisor/supervisor.ts';
import type { FakeScript } from './fake-engine-process.ts';
import { starterManifest } from './starter.ts';

export const realEngineEntry = new URL('../../src/engine/process/process.js', import.meta.url);
export const fakeEngineEntry = new URL('./fake-engine-process.js', import.meta.url);

/** Sets what the fake engine processes started from now on do. */
export function scriptFakeEngine(script: FakeScript): void {
  process.env.FAKE_ENGINE = JSON.stringify(script);
}

const settings: EngineSettings = {
  device: 'cpu',
  deviceId: 0,
  dtype: 'fp32',
  threads: 1,
  maxTokens: 1024,
  maxBatchTokens: 1024,
  prepacking: true,
  mustBeatCpu: false,
};

export interface SupervisedEngine {
  engine: EngineSupervisor;
  settings: EngineSettings;
  events: EngineEvent[];
}

/** A supervisor with the starter's manifest, not started. */
export async function superviseEngine(entry: URL, options: Partial<SupervisorOptions> = {}): Promise<SupervisedEngine> {
  const events: EngineEvent[] = [];
  const engine = new EngineSupervisor({
    entry,
    manifest: await starterManifest(),
    settings,
    clock: systemClock,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { engine, settings, events };
}

/** A group with the starter's manifest, not started: for each choice a list of device ids, all of them the CPU. */
export async function groupEngines(
  entry: URL,
  choices: number[][],
  { clock = systemClock, ...options }: { clock?: Clock } & Pick<EngineGroupOptions, 'onPassedOver'> = {},
): Promise<{ group: EngineGroup; events: EngineEvent[] }> {
  const events: EngineEvent[] = [];
  const manifest = await starterManifest();
  const onEvent = (event: EngineEvent) => events.push(event);
  const group = new EngineGroup({
    choices: choices.map((deviceIds) => deviceIds.map((deviceId) => ({ ...settings, deviceId }))),
    createEngine: (one) => new EngineSupervisor({ entry, manifest, settings: one, clock, onEvent }),
    ...options,
  });
  return { group, events };
}

/** Waits for something that happens in another process; the test's own time limit ends it when it does not. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > giveUp) throw new Error(`It did not happen: ${condition}`);
    await sleep(5);
  }
}

/** Whether a process of that id runs; a zombie does not. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  } catch {
    return false;
  }
}
