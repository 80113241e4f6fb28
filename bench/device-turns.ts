import type { Engine } from '../src/engine/engine.ts';

/** A place of one engine among those that share a device. */
export interface Seat {
  /**
   * Waits for a turn, which is for one batch.
   * @returns ends it.
   */
  take(): Promise<() => void>;
}

/**
 * Lets engines that share a device compute one after the other, a batch each. A waiting engine comes after one batch of
 * every other engine, however many those have. The next batch of the same engine is sent ahead while no other engine
 * waits. The service does not do that (docs/decisions/0096): here it is measured.
 */
export class DeviceTurns {
  private readonly queue: { place: Place; begin: () => void }[] = [];
  private holder: Place | undefined;

  /** @returns a place for another engine. */
  join(): Seat {
    const place: Place = { underWay: 0 };
    return {
      take: () =>
        new Promise((resolve) => {
          this.queue.push({ place, begin: () => resolve(() => this.end(place)) });
          this.advance();
        }),
    };
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
    next.place.underWay += 1;
    next.begin();
    this.advance();
  }
}

interface Place {
  underWay: number;
}

/** From now on the engine waits for its turn before each batch, while `isOn`. */
export function takeTurns(engine: Engine, seat: Seat, isOn: () => boolean): void {
  const run = engine.run.bind(engine);
  engine.run = async (batch, options) => {
    const end = isOn() ? await seat.take() : () => {};
    return run(batch, options).finally(end);
  };
}
