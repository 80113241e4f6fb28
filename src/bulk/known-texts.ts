/** Slots at the start, and at the most: 64 MiB. */
const FEWEST_SLOTS = 2 ** 12;
export const MOST_SLOTS = 2 ** 23;
/** Part of the slots that may be taken: beyond, searches get long. */
const FULLEST = 0.8;

export interface KnownTextsOptions {
  /** Whether the row has that digest: the table itself knows 32 bits of it. */
  hasDigest: (row: number, digest: Buffer) => boolean;
  /** A power of two. */
  mostSlots?: number;
}

/**
 * Which row had a text first, for a run of any length in bounded memory: 8 bytes a slot in a table of open addressing, so 10 to
 * 20 bytes a text. Digests are kept in a file by whoever asks.
 *
 * When {@link MOST_SLOTS} are as full as they may be, after 6.7 million different texts, it learns no more: a later text that
 * comes again is computed again.
 */
export class KnownTexts {
  private readonly options: Required<KnownTextsOptions>;
  /** Row + 1; 0: free. */
  private rows = new Uint32Array(FEWEST_SLOTS);
  private hashes = new Uint32Array(FEWEST_SLOTS);
  private count = 0;

  constructor(options: KnownTextsOptions) {
    this.options = { mostSlots: MOST_SLOTS, ...options };
  }

  /** The row that has the text; undefined: none that is known. */
  find(digest: Buffer): number | undefined {
    const hash = digest.readUInt32LE();
    const mask = this.rows.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (this.rows[slot] as number) - 1;
      if (row < 0) return undefined;
      if (this.hashes[slot] === hash && this.options.hasDigest(row, digest)) return row;
    }
  }

  /** @param row of a text that was not found. */
  add(digest: Buffer, row: number): void {
    if (this.count >= FULLEST * this.rows.length && !this.grow()) return;
    this.count += 1;
    place(this.rows, this.hashes, digest.readUInt32LE(), row + 1);
  }

  private grow(): boolean {
    const { rows, hashes } = this;
    const slots = 2 * rows.length;
    if (slots > this.options.mostSlots) return false;
    this.rows = new Uint32Array(slots);
    this.hashes = new Uint32Array(slots);
    for (let slot = 0; slot < rows.length; slot++) {
      const row = rows[slot] as number;
      if (row > 0) place(this.rows, this.hashes, hashes[slot] as number, row);
    }
    return true;
  }
}

function place(rows: Uint32Array, hashes: Uint32Array, hash: number, row: number): void {
  const mask = rows.length - 1;
  let slot = hash & mask;
  while (rows[slot] !== 0) slot = (slot + 1) & mask;
  rows[slot] = row;
  hashes[slot] = hash;
}
