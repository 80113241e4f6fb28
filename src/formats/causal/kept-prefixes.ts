import type { Batch } from '../../engine/protocol.ts';
import { type PackedPlan, planPackedBatch } from './plan.ts';
import { sharedTokens } from './prefix-trie.ts';

/** Keys and values of the first tokens of a sequence, in every layer. */
export interface KeptPrefix {
  /** [P] */
  tokens: Int32Array;
  /** Of each layer, row-major [P, key-value width]; keys are rotated. */
  keys: readonly Float32Array[];
  values: readonly Float32Array[];
}

/** What a batch begins with. */
export interface PrefixChoice {
  /** Rows that need not be computed; null: none. */
  kept: KeptPrefix | null;
  /** How many tokens of a sequence, of which one, are worth keeping once they are computed; null: none are. */
  worthKeeping: { sequence: number; tokens: number } | null;
}

/** A prefix of fewer tokens costs about as much to feed as to compute. */
const LEAST_TOKENS = 16;
/** Sequences whose beginnings are remembered, to see which come again: requests of several clients take turns. */
const REMEMBERED = 8;
/** Of the largest model some 200 tokens, of the 0.6B some 300: the templates of a few queries. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * Keeps what the pairs of a request have in common, template and query, from batch to batch: a large model's batches hold
 * a pair or two, and would compute it again in each. Which beginnings come again shows when they do: the second batch is the
 * one whose rows are kept. The least recently used go first.
 */
export class KeptPrefixes {
  /** The most recently used last. */
  private prefixes: KeptPrefix[] = [];
  private recent: Int32Array[] = [];
  private readonly maxBytes: number;

  constructor(maxBytes = MAX_BYTES) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.prefixes.reduce((sum, prefix) => sum + bytesOf(prefix), 0);
  }

  /** @param sequences of the batch, none of them empty. */
  choose(sequences: readonly Int32Array[]): PrefixChoice {
    let kept: KeptPrefix | null = null;
    let saved = 0;
    for (const prefix of this.prefixes) {
      const tokens = Math.max(...sequences.map((sequence) => sharedTokens(prefix.tokens, sequence)));
      if (tokens < LEAST_TOKENS || tokens <= saved) continue;
      kept = prefix;
      saved = tokens;
    }
    if (kept !== null) this.prefixes = [...this.prefixes.filter((prefix) => prefix !== kept), kept];
    const worthKeeping = this.findRepeated(sequences, saved);
    this.recent = [...this.recent, ...sequences].slice(-REMEMBERED);
    return { kept, worthKeeping };
  }

  /** Takes in what a batch computed; what is not finite would spoil every later one. */
  keep(prefix: KeptPrefix): void {
    const bytes = bytesOf(prefix);
    const isSound = [...prefix.keys, ...prefix.values].every((rows) => rows.every(Number.isFinite));
    if (bytes > this.maxBytes || !isSound) return;
    // One that begins a longer one adds nothing.
    const others = this.prefixes.filter(({ tokens }) => sharedTokens(tokens, prefix.tokens) < tokens.length);
    while (others.length > 0 && others.reduce((sum, one) => sum + bytesOf(one), bytes) > this.maxBytes) others.shift();
    this.prefixes = [...others, prefix];
  }

  /** The longest beginning that a sequence has in common with an earlier one, if it goes well beyond what is kept. */
  private findRepeated(sequences: readonly Int32Array[], saved: number): PrefixChoice['worthKeeping'] {
    let found: PrefixChoice['worthKeeping'] = null;
    const before = [...this.recent];
    for (const [index, sequence] of sequences.entries()) {
      for (const earlier of before) {
        const tokens = sharedTokens(earlier, sequence);
        // The same pair again, or one cut short: what is common to different ones is less.
        if (tokens === sequence.length || tokens === earlier.length) continue;
        if (tokens >= saved + LEAST_TOKENS && tokens > (found?.tokens ?? 0)) found = { sequence: index, tokens };
      }
      before.push(sequence);
    }
    return found;
  }
}

/** A batch whose first rows may be known. */
export interface PrefixedPlan {
  plan: PackedPlan;
  kept: KeptPrefix | null;
  /** Tokens of `kept` that are used. */
  used: number;
  /** [K] rows, kept and packed ones counted together, that are worth keeping; `tokens`: what they stand for. */
  keepRows: Int32Array;
  tokens: Int32Array;
}

/** Lays out a batch with what is kept, and says what of it is worth keeping. */
export function planWithPrefixes(prefixes: KeptPrefixes, { tokenIds, offsets, perToken }: Batch): PrefixedPlan {
  const sequences = Array.from({ length: offsets.length - 1 }, (_, i) => tokenIds.subarray(offsets[i], offsets[i + 1]));
  const { kept, worthKeeping } = prefixes.choose(sequences);
  const used = kept === null ? 0 : usableTokens(kept.tokens, sequences);
  const plan = planPackedBatch(tokenIds, offsets, perToken, kept?.tokens.subarray(0, used));
  const { sequence, tokens } = worthKeeping ?? { sequence: 0, tokens: 0 };
  const first = offsets[sequence] as number;
  const keepRows = plan.rows.slice(first, first + tokens);
  return { plan, kept, used, keepRows, tokens: (sequences[sequence] as Int32Array).slice(0, tokens) };
}

/** Kept tokens that some sequence begins with, without the last token of any: that one is asked for. */
function usableTokens(tokens: Int32Array, sequences: readonly Int32Array[]): number {
  let used = 0;
  let most = tokens.length;
  for (const sequence of sequences) {
    const shared = sharedTokens(tokens, sequence);
    used = Math.max(used, shared);
    if (shared === sequence.length) most = Math.min(most, shared - 1);
  }
  return Math.min(used, most);
}

function bytesOf({ keys, values }: KeptPrefix): number {
  return [...keys, ...values].reduce((sum, rows) => sum + rows.byteLength, 0);
}
