import type { SeededRandom } from '../../test/support/seeded-random.ts';

/** How servers differ, slow down and fail. Times are means, in milliseconds. */
export interface Weather {
  /** Spread of the servers' speeds: the standard deviation of their logarithm. */
  spread: number;
  /** Share of servers that are slow as long as they live, and how slow. */
  stragglers: number;
  stragglerSpeed: number;
  /** From one trouble of a server to the next; a trouble is one of the three that follow, in these shares. */
  untilTroubleMs: number;
  /** A neighbor on the same machine takes the cores. */
  slow: { share: number; speed: number; ms: number };
  /** It ends, and with it what it held; connections are refused until it has started again. */
  down: { share: number; ms: number; forGood: number };
  /** It is gone and does not say so: no answer, no error. */
  silent: { share: number; ms: number };
}

/** A time in which a server computes at one speed (1 is what it should be), or refuses connections, or is silent. */
export interface Spell {
  from: number;
  until: number;
  speed: number;
  is: 'well' | 'down' | 'silent';
}

/** The life of a server, drawn as it is asked for: the same for the same seed, whatever is sent to it. */
export class ServerLife {
  private readonly spells: Spell[] = [];
  private readonly random: SeededRandom;
  private readonly weather: Weather;
  private readonly speed: number;

  constructor(weather: Weather, random: SeededRandom) {
    this.weather = weather;
    this.random = random;
    const isStraggler = random.chance(weather.stragglers);
    this.speed = Math.exp(weather.spread * normal(random)) * (isStraggler ? weather.stragglerSpeed : 1);
  }

  spellAt(time: number): Spell {
    return this.find((spell) => spell.until > time);
  }

  /** When it next stops answering after `time`. */
  nextBreak(time: number): Spell {
    return this.find((spell) => spell.from > time && spell.is !== 'well');
  }

  /** When `work` milliseconds of a server of speed 1 are done, if it stays well. */
  end(from: number, work: number): number {
    let left = work;
    for (let time = from; ; ) {
      const spell = this.spellAt(time);
      const possible = spell.speed * (spell.until - time);
      if (possible >= left) return time + left / spell.speed;
      if (spell.until === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
      left -= possible;
      time = spell.until;
    }
  }

  /** What it could have done until `time`, in milliseconds of a server of speed 1. */
  capacity(time: number): number {
    let work = 0;
    for (let from = 0; from < time; ) {
      const spell = this.spellAt(from);
      work += spell.speed * (Math.min(spell.until, time) - from);
      from = spell.until;
    }
    return work;
  }

  private find(isIt: (spell: Spell) => boolean): Spell {
    const known = this.spells.find(isIt);
    if (known !== undefined) return known;
    for (;;) {
      const spell = this.draw();
      this.spells.push(spell);
      if (isIt(spell)) return spell;
    }
  }

  private draw(): Spell {
    const { weather, random, speed } = this;
    const from = this.spells.at(-1)?.until ?? 0;
    const lasting = (ms: number) => from - ms * Math.log(1 - random.next());
    // Well and in trouble by turns.
    if (this.spells.length % 2 === 0) return { from, until: lasting(weather.untilTroubleMs), speed, is: 'well' };
    const which = random.next();
    if (which < weather.slow.share)
      return { from, until: lasting(weather.slow.ms), speed: speed * weather.slow.speed, is: 'well' };
    if (which < weather.slow.share + weather.silent.share)
      return { from, until: lasting(weather.silent.ms), speed: 0, is: 'silent' };
    const isForGood = random.chance(weather.down.forGood);
    return { from, until: isForGood ? Number.POSITIVE_INFINITY : lasting(weather.down.ms), speed: 0, is: 'down' };
  }
}

/** Of the standard normal distribution (Box and Muller, 1958). */
export function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
