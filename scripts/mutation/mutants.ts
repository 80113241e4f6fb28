/** A wiring bug that somebody could make: one change in the built code. */
export interface Mutant {
  name: string;
  /** What goes wrong for a client. */
  bug: string;
  /** Folder below dist/src/ that its place is in; which file of it may change. */
  room: string;
  /** The place: found once in the room, unless every occurrence is meant (a global expression). */
  find: string | RegExp;
  replace: string;
  /** Beginnings of paths below dist/test/: the tests that must notice, the quickest first. */
  tests: readonly string[];
}

const ROW_OF_ENTRY = 'rows.subarray(rowOffsets[i] * hiddenSize, rowOffsets[i + 1] * hiddenSize)';
const BATCHER_TESTS = ['batching/batcher.test', 'batching/interleavings.test', 'e2e/cross-wiring.test'];

/**
 * The bugs that would send somebody the wrong vector, or none. Every one must turn a test red: `npm run test:mutants`.
 *
 * A place that is not found any more has moved: find it again, and see that the mutant is still the bug it is named for.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'off-by-one slice',
    bug: 'each row begins one number late, and ends with the first of the next one',
    room: 'batching',
    find: ROW_OF_ENTRY,
    replace: 'rows.subarray(rowOffsets[i] * hiddenSize + 1, rowOffsets[i + 1] * hiddenSize + 1)',
    tests: BATCHER_TESTS,
  },
  {
    name: 'global index',
    bug: 'a row is put where its sequence was in the batch, not where it was in the request',
    room: 'batching',
    find: 'request.accept(index, row',
    replace: 'request.accept(i, row',
    tests: BATCHER_TESTS,
  },
  {
    name: 'swapped rows',
    bug: 'the rows of a batch are handed out in reverse',
    room: 'batching',
    find: ROW_OF_ENTRY,
    replace:
      'rows.subarray(rowOffsets[entries.length - 1 - i] * hiddenSize, rowOffsets[entries.length - i] * hiddenSize)',
    tests: BATCHER_TESTS,
  },
  {
    name: 'unsorted after sort',
    bug: 'the sequences of a request stay in the order they are batched in, longest first',
    room: 'batching',
    find: 'sequences.map((tokenIds, index) => inFlight.join(tokenIds, this, index, perToken))',
    replace:
      '[...sequences].sort((a, b) => b.length - a.length).map((tokenIds, index) => inFlight.join(tokenIds, this, index, perToken))',
    tests: BATCHER_TESTS,
  },
  {
    name: 'shared output buffer',
    bug: 'every batch is answered out of one buffer, which the next batch overwrites',
    room: 'batching',
    find: ROW_OF_ENTRY,
    replace: `((globalThis.output ??= new Float32Array(2 ** 22)).set(rows), globalThis.output).subarray(rowOffsets[i] * hiddenSize, rowOffsets[i + 1] * hiddenSize)`,
    tests: BATCHER_TESTS,
  },
  {
    name: 'view transferred',
    bug: 'a batch that was handed over is a view of a buffer into which the next one is written',
    room: 'engine',
    find: 'const tokenIds = new Int32Array(offsets[sequences.length]);',
    replace:
      'const tokenIds = (globalThis.tokenBuffer ??= new Int32Array(2 ** 22)).subarray(0, offsets[sequences.length]);',
    tests: BATCHER_TESTS,
  },
  {
    name: 'batch id reused after respawn',
    bug: 'an answer of an engine process already given up passes for one of the process in service',
    room: 'engine',
    find: ' || fields.epoch !== epoch',
    replace: '',
    tests: ['engine/supervisor/supervisor.test'],
  },
  {
    name: 'resolve after cancel',
    bug: 'a request whose client went away stays in the queue, and is computed and answered',
    room: 'batching',
    find: 'const onAbort = () => request.fail(abandoned())',
    replace: 'const onAbort = () => { }',
    tests: ['batching/batcher.test'],
  },
  {
    name: 'double resolve',
    bug: 'a request that was answered or failed is settled again by what comes later',
    room: 'batching',
    find: /if \(this\.settled\)\s*return;/g,
    replace: '',
    tests: ['batching/pending-request.test'],
  },
  {
    name: 'dropped tail',
    bug: 'the last vector of an answer is not written',
    room: 'http',
    find: 'index < inputs;',
    replace: 'index < Math.max(1, inputs - 1);',
    tests: ['http/answers/encode-vectors.test', 'e2e/cross-wiring.test'],
  },
  {
    name: 'stale cache',
    bug: 'a vector of another model or precision is found in the cache',
    room: 'tasks/embedding',
    find: '.update(space)',
    replace: '',
    tests: ['tasks/embedding/vector-cache.test'],
  },
  {
    name: 'wrong dims slice',
    bug: '`dimensions` keeps the last components, not the first',
    room: 'tasks/embedding',
    find: 'row.subarray(0, dimensions)',
    replace: 'row.subarray(row.length - dimensions)',
    tests: ['tasks/embedding/finish-vector.test'],
  },
];
