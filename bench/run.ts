import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../src/package-info.ts';
import { exitOnSignals } from './end-with-us.ts';
import { formatReport } from './format-report.ts';
import { openBench } from './open-bench.ts';
import { readOptions } from './options.ts';
import type { Row } from './report.ts';
import { SECTIONS, type Section } from './sections.ts';

// `npm run bench`: measures every model named, prints one table, and writes it to a file unless only a part was run.
exitOnSignals();
const options = readOptions();
const rows: Row[] = [];
let inputs = '';
for (const setting of options.models) {
  const bench = await openBench(setting, options);
  inputs = bench.workloads.source;
  try {
    for (const name of options.sections) {
      for await (const row of (SECTIONS[options.task][name] as Section)(bench)) {
        rows.push(row);
        // The table comes at the end, and a full run takes a while.
        process.stderr.write(`${row.model}: ${row.measure}: ${row.result} (${row.against})\n`);
      }
      // Again after each section: a run that is cut short leaves what it measured.
      if (options.isWhole) writeResults();
    }
  } finally {
    await bench.close();
  }
}
console.log(formatReport(rows, inputs, options.task));

function writeResults(): void {
  const file = options.task === 'rerank' ? 'RESULTS-rerank.md' : 'RESULTS.md';
  writeFileSync(path.join(packageRoot, 'bench', file), formatReport(rows, inputs, options.task));
}
