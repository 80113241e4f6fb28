import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { type EngineEvent, EngineSupervisor, type SupervisorOptions } from '../../src/engine/supervisor.ts';
import type { FakeScript } from './fake-engine-process.ts';
import { starterManifest } from './starter.ts';

export const realEngineEntry = new URL('../../src/engine/process.js', import.meta.url);
export const fakeEngineEntry = new URL('./fake-engine-process.js', import.meta.url);

/** Sets what the fake engine processes started from now on do. */
export function scriptFakeEngine(script: FakeScript): void {
  process.env.FAKE_ENGINE = JSON.stringify(script);
}

export interface SupervisedEngine {
  engine: EngineSupervisor;
  events: EngineEvent[];
}

/** A supervisor with the starter's manifest, not started. */
export async function superviseEngine(entry: URL, options: Partial<SupervisorOptions> = {}): Promise<SupervisedEngine> {
  const events: EngineEvent[] = [];
  const engine = new EngineSupervisor({
    entry,
    manifest: await starterManifest(),
    settings: {
      device: 'cpu',
      deviceId: 0,
      dtype: 'fp32',
      threads: 1,
      maxTokens: 1024,
      maxBatchTokens: 1024,
      prepacking: true,
      mustBeatCpu: false,
    },
    clock: systemClock,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { engine, events };
}

/** Waits for something that happens in another process; the test's own time limit ends it when it does not. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

/** Whether a process of that id runs; one that ended and that nobody has reaped does not. */
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
