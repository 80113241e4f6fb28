import type { PackedPlan } from './plan.ts';

/** Longest sequence whose queries are attended in blocks. Above, what is hidden is worth skipping one by one (attention.ts). */
export const LONGEST_IN_BLOCKS = 2_048;
/** Most groups of a batch: each is nodes in every layer, and inputs. */
export const GROUPS = 8;
/** Those of the last layer, whose few queries cost little against their keys. */
export const LAST_GROUPS = 3;

/** Positions at which the queries of a sequence are cut: far on, where a block's own width is little of what it sees, in longer blocks. */
const CUTS: ReadonlySet<number> = new Set([64, 128, 256, 384, 512, 768, 1_024, 1_280, 1_536, 1_792]);
/** Blocks whose keys end within as many positions are taken together at first. */
const CLASS = 32;
/** A single query would be multiplied by another kernel, which adds in another order. */
const LEAST_QUERIES = 2;

/** What a query costs for each key it sees or is hidden from: 1. Gathering a key and its value, for each: */
const KEY_COST = 48;
/** The operators of a group: */
const GROUP_COST = 1_500;

/** Blocks of queries of one size, B of them: Q queries each, which see K keys at most. */
export interface QueryGroup {
  /** B. */
  blockCount: number;
  /** [B × Q] packed row of each query. The last ones are those of the block; before them its first again, if it has fewer. */
  queries: Int32Array;
  /** [B × K] row, of kept and packed ones, of each key from the sequence's first on. Those past the block's end are the first again. */
  keys: Int32Array;
  /** [B] how many keys a block's last query sees; each query before it one fewer. */
  ends: BigInt64Array;
}

/** How attention over the packed rows is divided into groups. */
export interface QueryBlocks {
  groups: QueryGroup[];
  /** [N] packed row → where it is among all queries, one group after the other. */
  packIndex: Int32Array;
}

/** Queries of a sequence at the positions from `start` to before `end`, which no sequence before it has. */
interface Block {
  /** Where the sequence starts among the tokens. */
  sequence: number;
  start: number;
  end: number;
}

/** Some blocks, and what they are made equal to. */
interface Group {
  blocks: Block[];
  queries: number;
  keys: number;
}

export interface BlockOptions {
  /** See `leastColumnsFor`. */
  leastKeys: number;
  mostGroups: number;
  /** [N] 1: the query of this packed row is needed, and of others only what lies between two of a block; left out: all are. */
  isAsked?: Uint8Array | undefined;
}

/**
 * Divides the queries of a batch into blocks, each of which is multiplied with the keys up to its end only, and blocks into
 * groups of about one size. Every row is in one block, however many sequences share it. A block ends where another
 * sequence leaves the path or has its end, so that no key of it is of only one of them: a number that is not finite would
 * get through to the other, since 0 × NaN is NaN.
 */
export function planQueryBlocks(plan: PackedPlan, { leastKeys, mostGroups, isAsked }: BlockOptions): QueryBlocks {
  const blocks = cutIntoBlocks(plan);
  const asked = isAsked === undefined ? blocks : blocks.flatMap((block) => cutToAsked(plan, block, isAsked));
  const groups = mergeGroups(groupByEnd(asked, leastKeys), mostGroups);
  const packIndex = new Int32Array(plan.tokenIds.length);
  let first = 0;
  const laidOut = groups.map((group) => {
    const laid = layOut(plan, group);
    // The last of its slots is that of a block's first row, which is repeated before it.
    for (const [slot, row] of laid.queries.entries()) packIndex[row] = first + slot;
    first += laid.queries.length;
    return laid;
  });
  return { groups: laidOut, packIndex };
}

function cutIntoBlocks({ lengths, tokenIds, keptCount, rows }: PackedPlan): Block[] {
  const starts: number[] = [];
  const isLast = new Uint8Array(keptCount + tokenIds.length);
  /** Where the rows begin that a sequence is the first to have. */
  const ownStarts: number[] = [];
  let first = 0;
  let known = keptCount;
  for (const length of lengths) {
    let own = first + length;
    while (own > first && (rows[own - 1] as number) >= known) own--;
    known += first + length - own;
    if (own > first) isLast[rows[own - 1] as number] = 1;
    isLast[rows[first + length - 1] as number] = 1;
    starts.push(first);
    ownStarts.push(own - first);
    first += length;
  }
  return [...lengths].flatMap((length, b) => {
    const sequence = starts[b] as number;
    const blocks: Block[] = [];
    let start = ownStarts[b] as number;
    for (let end = start + 1; end <= length; end++) {
      if (isLast[rows[sequence + end - 1] as number] === 0 && !CUTS.has(end)) continue;
      blocks.push({ sequence, start, end });
      start = end;
    }
    return blocks;
  });
}

/** The part of a block from the first to the last row that is asked for. */
function cutToAsked({ rows, keptCount }: PackedPlan, block: Block, isAsked: Uint8Array): Block[] {
  let { start, end } = block;
  const isAskedAt = (position: number) => isAsked[(rows[block.sequence + position] as number) - keptCount] === 1;
  while (start < end && !isAskedAt(start)) start++;
  while (end > start && !isAskedAt(end - 1)) end--;
  return start === end ? [] : [{ ...block, start, end }];
}

function groupByEnd(blocks: readonly Block[], leastKeys: number): Group[] {
  const classes = new Map<number, Group>();
  for (const block of blocks) {
    const key = Math.ceil(block.end / CLASS);
    const group = classes.get(key) ?? { blocks: [], queries: LEAST_QUERIES, keys: leastKeys };
    classes.set(key, group);
    group.blocks.push(block);
    group.queries = Math.max(group.queries, block.end - block.start);
    group.keys = Math.max(group.keys, block.end);
  }
  return [...classes].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** Merges neighbors while that costs nothing, or while they are too many. */
function mergeGroups(groups: Group[], mostGroups: number): Group[] {
  for (;;) {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 1; i < groups.length; i++) {
      const [a, b] = [groups[i - 1] as Group, groups[i] as Group];
      const more = costOf(merged(a, b)) - costOf(a) - costOf(b);
      if (more < least) [best, least] = [i, more];
    }
    if (best < 0 || (groups.length <= mostGroups && least > 0)) return groups;
    const both = merged(groups[best - 1] as Group, groups[best] as Group);
    groups = [...groups.slice(0, best - 1), both, ...groups.slice(best + 1)];
  }
}

function merged(a: Group, b: Group): Group {
  return {
    blocks: [...a.blocks, ...b.blocks],
    queries: Math.max(a.queries, b.queries),
    keys: Math.max(a.keys, b.keys),
  };
}

function costOf({ blocks, queries, keys }: Group): number {
  return blocks.length * keys * (queries + KEY_COST) + GROUP_COST;
}

function layOut({ rows, keptCount }: PackedPlan, { blocks, queries, keys }: Group): QueryGroup {
  const group = {
    blockCount: blocks.length,
    queries: new Int32Array(blocks.length * queries),
    keys: new Int32Array(blocks.length * keys),
    ends: BigInt64Array.from(blocks, ({ end }) => BigInt(end)),
  };
  for (const [i, { sequence, start, end }] of blocks.entries()) {
    const firstQuery = (i + 1) * queries - (end - start);
    group.queries.fill((rows[sequence + start] as number) - keptCount, i * queries, firstQuery);
    for (let position = start; position < end; position++) {
      group.queries[firstQuery + position - start] = (rows[sequence + position] as number) - keptCount;
    }
    group.keys.fill(rows[sequence] as number, i * keys, (i + 1) * keys);
    group.keys.set(rows.subarray(sequence, sequence + end), i * keys);
  }
  return group;
}
