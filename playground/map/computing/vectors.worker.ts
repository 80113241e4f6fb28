import { closestRows } from './closest-rows.ts';
import { kMeans } from './k-means.ts';
import type { Matrix, Pause } from './matrix.ts';
import { AFFORDABLE_MULTIPLICATIONS, neighborGraph } from './neighbor-graph.ts';
import { principalComponents } from './principal-components.ts';

/** What can be asked of the vectors. */
export interface Questions {
  /** The first two, with the positions of all rows. */
  principalComponents: { asked: { passes: number }; answer: Awaited<ReturnType<typeof principalComponents>> };
  neighborGraph: { asked: { each: number }; answer: Awaited<ReturnType<typeof neighborGraph>> };
  clusters: { asked: { k: number }; answer: Awaited<ReturnType<typeof kMeans>> };
  closest: { asked: { row: number; each: number }; answer: ReturnType<typeof closestRows> };
}

export type Question = { [Name in keyof Questions]: { name: Name } & Questions[Name]['asked'] }[keyof Questions];

/** Vectors come part by part, in order; then questions, which are answered side by side. */
export type ToVectorsWorker =
  | { kind: 'open'; count: number; dimensions: number }
  | { kind: 'add'; values: Float32Array }
  | { kind: 'ask'; id: number; question: Question }
  | { kind: 'drop'; id: number };

export type FromVectorsWorker =
  | { kind: 'answer'; id: number; answer: Questions[keyof Questions]['answer'] }
  | { kind: 'progress'; id: number; done: number }
  | { kind: 'failed'; id: number; why: string };

/** A click is answered within this time, whatever else is computed. */
const SLICE_MS = 30;

let rows: Matrix = { values: new Float32Array(0), count: 0, dimensions: 0 };
let filled = 0;
const dropped = new Set<number>();
const tell = (message: FromVectorsWorker) => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<ToVectorsWorker>) => {
  if (data.kind === 'open') {
    rows = { values: new Float32Array(data.count * data.dimensions), count: data.count, dimensions: data.dimensions };
    filled = 0;
  } else if (data.kind === 'add') {
    rows.values.set(data.values, filled);
    filled += data.values.length;
  } else if (data.kind === 'drop') dropped.add(data.id);
  else void respond(data.id, data.question);
});

async function respond(id: number, question: Question): Promise<void> {
  try {
    tell({ kind: 'answer', id, answer: await compute(question, pauseOf(id)) });
  } catch (error) {
    if (!dropped.delete(id)) tell({ kind: 'failed', id, why: String(error) });
  }
}

function compute(question: Question, pause: Pause) {
  if (question.name === 'principalComponents') {
    return principalComponents(rows, { components: 2, passes: question.passes, pause });
  }
  if (question.name === 'neighborGraph') {
    return neighborGraph(rows, { each: question.each, affordable: AFFORDABLE_MULTIPLICATIONS, pause });
  }
  if (question.name === 'clusters') return kMeans(rows, question.k, pause);
  return closestRows(rows, question.row, question.each);
}

function pauseOf(id: number): Pause {
  let began = performance.now();
  return async (done) => {
    if (performance.now() - began < SLICE_MS) return;
    if (done !== undefined) tell({ kind: 'progress', id, done });
    await nextTurn();
    if (dropped.has(id)) throw new Error('dropped');
    began = performance.now();
  };
}

/** Messages that have come are answered first; a timer would wait four milliseconds more. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
