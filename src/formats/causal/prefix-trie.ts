/** A sequence, and the node of each of its tokens. */
interface Branch {
  tokens: Int32Array;
  nodes: Int32Array;
}

/**
 * A trie over token sequences. In a causal model a token's hidden state depends only on the tokens before it, so each
 * node of the trie is one row to compute, however many sequences of the batch pass through it.
 *
 * It is kept as the sequences in their order, in which none begins as a new one does for longer than one of the two
 * beside it: most texts share nothing, and a table of nodes would cost an entry for each token.
 */
export class PrefixTrie {
  private readonly branches: Branch[] = [];
  private count = 0;

  /** Nodes so far: the batch's unique tokens. */
  get size(): number {
    return this.count;
  }

  /** How many nodes `insert(sequence)` would add. */
  missing(sequence: Int32Array): number {
    return sequence.length - this.find(sequence).shared;
  }

  /**
   * Adds a sequence. It may not be written to afterwards.
   * @returns the node of each of its tokens: nodes are numbered in the order of their making, a parent before its children.
   */
  insert(sequence: Int32Array): Int32Array {
    const { place, shared, like } = this.find(sequence);
    const nodes = new Int32Array(sequence.length);
    if (like !== undefined) nodes.set(like.nodes.subarray(0, shared));
    for (let i = shared; i < nodes.length; i++) nodes[i] = this.count++;
    this.branches.splice(place, 0, { tokens: sequence, nodes });
    return nodes;
  }

  /** Where a sequence belongs, and the one that begins as it does for longest. */
  private find(sequence: Int32Array): { place: number; shared: number; like: Branch | undefined } {
    let [low, high] = [0, this.branches.length];
    let shared = 0;
    let like: Branch | undefined;
    // Whatever it ends between was compared on the way.
    while (low < high) {
      const middle = (low + high) >>> 1;
      const branch = this.branches[middle] as Branch;
      const common = sharedTokens(sequence, branch.tokens);
      if (common > shared) {
        shared = common;
        like = branch;
      }
      if (isBefore(branch.tokens, sequence, common)) low = middle + 1;
      else high = middle;
    }
    return { place: low, shared, like };
  }
}

/** How many tokens two sequences have in common at their beginning. */
export function sharedTokens(a: Int32Array, b: Int32Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return length;
}

/** Whether `a` is before `b` in their order, of sequences that have `common` tokens in common. */
function isBefore(a: Int32Array, b: Int32Array, common: number): boolean {
  if (common === a.length || common === b.length) return a.length < b.length;
  return (a[common] as number) < (b[common] as number);
}
