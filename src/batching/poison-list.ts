import type { Evidence } from './suspect-batches.ts';

/** Most inputs remembered; then the oldest is forgotten, and may be found out once more. */
const MOST_KEYS = 1_000;
/** The first verdict holds for so long; each one after a new trial twice as long as the one before. */
const FIRST_VERDICT_MS = 10 * 60_000;
const LONGEST_VERDICT_MS = 24 * 60 * 60_000;

interface Suspect {
  evidence: Evidence;
  verdicts: number;
  /** Monotonic milliseconds; 0: it was never refused. */
  refusedUntil: number;
}

/**
 * Sequences that the engine was lost under, by the hash of their token ids. One that was condemned is refused until its
 * verdict expires. Then it is a suspect, and tried alone: what made the engine end may have been a machine short of
 * memory. Suspects whose clients left before it was clear are remembered, too: else who never waits for the end of a
 * hunt begins a new one each time.
 */
export class PoisonList {
  private readonly suspects = new Map<string, Suspect>();

  get size(): number {
    return this.suspects.size;
  }

  /** Records the evidence against an input that no one is waiting for any more. */
  suspect(key: string, evidence: Evidence): void {
    const { verdicts = 0, refusedUntil = 0 } = this.suspects.get(key) ?? {};
    this.note(key, { evidence, verdicts, refusedUntil });
  }

  /** @returns for how many milliseconds it is refused. */
  condemn(key: string, evidence: Evidence, now: number): number {
    const verdicts = (this.suspects.get(key)?.verdicts ?? 0) + 1;
    const term = Math.min(LONGEST_VERDICT_MS, FIRST_VERDICT_MS * 2 ** (verdicts - 1));
    this.note(key, { evidence, verdicts, refusedUntil: now + term });
    return term;
  }

  isRefused(key: string, now: number): boolean {
    return (this.suspects.get(key)?.refusedUntil ?? 0) > now;
  }

  /** What speaks against it from before; undefined: nothing. */
  evidenceAgainst(key: string): Evidence | undefined {
    return this.suspects.get(key)?.evidence;
  }

  /** The engine computed it. @returns whether it had been refused before. */
  acquit(key: string): boolean {
    const wasCondemned = (this.suspects.get(key)?.verdicts ?? 0) > 0;
    this.suspects.delete(key);
    return wasCondemned;
  }

  /** Something else ends engines, too: mere suspicions are dropped, and a first verdict is tested again. */
  exonerate(): void {
    for (const [key, suspect] of this.suspects) {
      if (suspect.verdicts === 0) this.suspects.delete(key);
      else if (suspect.verdicts === 1) suspect.refusedUntil = 0;
    }
  }

  private note(key: string, suspect: Suspect): void {
    if (this.suspects.size === MOST_KEYS && !this.suspects.has(key)) {
      this.suspects.delete(this.suspects.keys().next().value as string);
    }
    this.suspects.set(key, suspect);
  }
}
