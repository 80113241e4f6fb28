/**
 * A trie over token sequences. In a causal model a token's hidden state depends only on the tokens before it, so each
 * node of the trie is one row to compute, however many sequences of the batch pass through it.
 */
export class PrefixTrie {
  /** (parent node, token) → node. The root is −1. */
  private readonly children = new Map<number, number>();
  private readonly tokens: number[] = [];
  private readonly vocabularySize: number;

  constructor(vocabularySize: number) {
    this.vocabularySize = vocabularySize;
  }

  /** Nodes so far: the batch's unique tokens. */
  get size(): number {
    return this.tokens.length;
  }

  /** The token of each node, in the order of their making: a parent always before its children. */
  get nodeTokens(): readonly number[] {
    return this.tokens;
  }

  /** How many nodes `insert(sequence)` would add. */
  missing(sequence: Int32Array): number {
    let parent = -1;
    for (let i = 0; i < sequence.length; i++) {
      const node = this.children.get(this.key(parent, sequence[i] as number));
      if (node === undefined) return sequence.length - i;
      parent = node;
    }
    return 0;
  }

  /** Adds a sequence. `visit` is given the node of each position. */
  insert(sequence: Int32Array, visit?: (position: number, node: number) => void): void {
    let parent = -1;
    for (let i = 0; i < sequence.length; i++) {
      const token = sequence[i] as number;
      const key = this.key(parent, token);
      let node = this.children.get(key);
      if (node === undefined) {
        node = this.tokens.length;
        this.tokens.push(token);
        this.children.set(key, node);
      }
      visit?.(i, node);
      parent = node;
    }
  }

  private key(parent: number, token: number): number {
    // Exact in a double: nodes stay below 2^31 and vocabularies below 2^20.
    return (parent + 1) * this.vocabularySize + token;
  }
}
