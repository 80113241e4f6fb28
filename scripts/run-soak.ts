import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describeRun } from '../bench/describe-run.ts';
import { formatTable } from '../bench/format-table.ts';
import { packageRoot } from '../src/package-info.ts';
import { judge, type Verdict } from './soak/judge-figures.ts';
import { readSoakOptions, type SoakOptions } from './soak/options.ts';
import { PARTS } from './soak/parts.ts';
import { runPart } from './soak/run-part.ts';

// `npm run test:soak`: runs the long form of the test catalogue and prints one table; see test/soak/README.md.
const options = readSoakOptions();
const verdicts: Verdict[] = [];
for (const part of PARTS.filter(({ name }) => options.parts.includes(name))) {
  verdicts.push(...judge(await runPart(part, options)));
  // Again after each part: a run that is cut short leaves what it found.
  if (options.isWhole) {
    writeFileSync(path.join(packageRoot, 'test', 'soak', 'RESULTS.md'), formatResults(verdicts, options));
  }
}
const report = formatResults(verdicts, options);
console.log(report);
if (verdicts.some((verdict) => !verdict.holds)) process.exitCode = 1;

function formatResults(rows: readonly Verdict[], { scale, minutes, parts }: SoakOptions): string {
  const table = rows.map(({ part, what, measured, wanted, holds }) => [
    part,
    what,
    measured,
    wanted,
    holds ? 'holds' : '**misses**',
  ]);
  const left = parts.filter((name) => !rows.some(({ part }) => part === name));
  const misses = rows.filter((row) => !row.holds).length;
  return `# Soak run

${describeRun()}.
Scale ${scale}, memory watched for ${minutes} min. ${misses === 0 ? 'Everything holds.' : `${misses} of ${rows.length} miss.`}${left.length === 0 ? '' : ` Not reached: ${left.join(', ')}.`}
Made by \`npm run test:soak\`; README.md beside this file says how to read it.

${formatTable([['part', 'what', 'measured', 'wanted', ''], ...table])}
`;
}
