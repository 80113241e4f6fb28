/** Most inputs remembered; then the oldest is forgotten, and may be found out once more. */
const MOST_KEYS = 1_000;

/**
 * Sequences that the engine was lost under again and again, by the hash of their token ids. They are refused until the
 * server is started anew.
 */
export class PoisonList {
  private readonly keys = new Set<string>();

  get size(): number {
    return this.keys.size;
  }

  add(key: string): void {
    if (this.keys.size === MOST_KEYS) this.keys.delete(this.keys.values().next().value as string);
    this.keys.add(key);
  }

  has(key: string): boolean {
    return this.keys.has(key);
  }
}
