import type { EngineSettings } from '../protocol.ts';

/** A place of one engine among those that share its device. */
export interface Seat {
  /** Whether a batch of this engine waits for its turn. */
  readonly isWaiting: boolean;
  /**
   * Waits for a turn, which is for one batch.
   * @returns ends it.
   */
  take(): Promise<() => void>;
}

/**
 * Lets engines that share a device compute one after the other, a batch each: two at once take each other's cores and
 * caches. A waiting engine comes after one batch of every other engine, however many those have. The next batch of the
 * same engine is sent ahead as ever, while no other engine waits.
 */
export class DeviceTurns {
  private readonly devices = new Map<string, SharedDevice>();

  /** @returns the engine's place. */
  join({ device, deviceId }: Pick<EngineSettings, 'device' | 'deviceId'>): Seat {
    const key = `${device}:${deviceId}`;
    const shared = this.devices.get(key) ?? new SharedDevice();
    this.devices.set(key, shared);
    return shared.join();
  }
}

interface Place extends Seat {
  waiting: number;
  underWay: number;
}

class SharedDevice {
  private readonly queue: { place: Place; begin: () => void }[] = [];
  private holder: Place | undefined;

  join(): Seat {
    const place: Place = {
      waiting: 0,
      underWay: 0,
      get isWaiting() {
        return place.waiting > 0;
      },
      take: () =>
        new Promise((resolve) => {
          place.waiting += 1;
          this.queue.push({ place, begin: () => resolve(() => this.end(place)) });
          this.advance();
        }),
    };
    return place;
  }

  private end(place: Place): void {
    place.underWay -= 1;
    this.advance();
  }

  private advance(): void {
    const other = this.queue.findIndex(({ place }) => place !== this.holder);
    const isHeld = this.holder !== undefined && this.holder.underWay > 0;
    if (isHeld && other >= 0) return;
    const [next] = this.queue.splice(Math.max(0, other), 1);
    if (next === undefined) return;
    this.holder = next.place;
    next.place.waiting -= 1;
    next.place.underWay += 1;
    next.begin();
    this.advance();
  }
}
