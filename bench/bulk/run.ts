import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { resolveModel } from '../../src/model-files/resolve-model.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { describeRun } from '../describe-run.ts';
import { exitOnSignals } from '../end-with-us.ts';
import { formatTable } from '../format-table.ts';
import { figure } from '../report.ts';
import { median } from '../statistics.ts';
import { openWorkloads } from '../workloads.ts';
import { openAlone, openEncode, openRun, type Side, type Took } from './sides.ts';

//   node dist/bench/bulk/run.js [--model MODEL]… [--engines N] [--python PYTHON] [--texts N] [--rounds N]
// hotvec embed on a file of `mix`, against the engine alone, against itself without sorting, and, with a Python that has
// sentence-transformers, against encode(). Sides take turns on the same texts: A B … B A.

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['starter'] },
    // Of hotvec embed; 0: as many as it chooses.
    engines: { type: 'string', default: '0' },
    python: { type: 'string' },
    texts: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '3' },
  },
});

exitOnSignals();
const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-bench-'));
const rows: string[][] = [];
try {
  for (const model of values.model) rows.push(...(await measure(model)));
} finally {
  rmSync(folder, { recursive: true });
}
const header = ['model', 'hotvec embed, against …', 'speed', 'processor time ÷ its', 'tokens/s'];
console.log(`${describeRun()}; ${values.texts} texts of mix a turn.\n\n${formatTable([header, ...rows])}`);
process.exit();

async function measure(model: string): Promise<string[][]> {
  const run = await openRun(model, values.engines);
  const { manifest, service } = run.opened.model;
  const workloads = await openWorkloads(await loadNativeTokenizer(manifest.tokenizerFile));
  const sides: Side[] = [...run.sides, await openAlone(run)];
  if (values.python !== undefined) {
    const where = resolveModel(model).folder;
    for (const way of ['sorted', 'loop'] as const) sides.push(await openEncode(values.python, where, way));
  }
  const took = new Map<Side, Took[]>(sides.map((side) => [side, []]));
  const tokens: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const items = await workloads.take('mix', Number(values.texts), 1_000 + round);
    const file = path.join(folder, `${round}.jsonl`);
    writeFileSync(file, items.map(({ input }) => `${JSON.stringify({ text: input })}\n`).join(''));
    const inputs = items.map(({ input }) => ({ content: input, name: 'text', role: null, instruction: null }));
    const read = await service.tokenize(inputs, 'end');
    for (const turn of [sides, sides.toReversed()]) {
      for (const side of turn) {
        took.get(side)?.push(await side.take(file));
        tokens.push(read.reduce((sum, { ids }) => sum + ids.length, 0));
        process.stderr.write(`${side.name}: ${took.get(side)?.at(-1)?.seconds.toFixed(2)} s\n`);
      }
    }
  }
  for (const side of sides) await side.close();
  const [own, ...others] = sides as [Side, ...Side[]];
  const of = (side: Side, what: keyof Took) => (took.get(side) ?? []).map((one) => one[what]);
  const ratio = (side: Side, what: keyof Took) =>
    median(of(side, what).map((value, i) => value / (of(own, what)[i] as number)));
  const pace = median(of(own, 'seconds').map((seconds) => (tokens[0] as number) / seconds));
  return others.map((side) => [
    manifest.name,
    side.name,
    `× ${ratio(side, 'seconds').toFixed(3)}`,
    `× ${(1 / ratio(side, 'processorSeconds')).toFixed(3)}`,
    figure(pace),
  ]);
}
