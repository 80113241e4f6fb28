import type { TaskName } from '../src/model-files/manifest.ts';
import { describeRun } from './describe-run.ts';
import { formatTable } from './format-table.ts';
import { judgeTargets } from './judge-targets.ts';
import type { Row } from './report.ts';

/** The table in Markdown, under a line that says where and of what it was taken, and that of the targets of the task. */
export function formatReport(rows: readonly Row[], inputs: string, task: TaskName): string {
  const header = ['model', 'measure', 'result', 'against'];
  const lines = rows.map(({ model, measure, result, against }) => [model, measure, result, against]);
  return `# hotvec benchmark

${describeRun()}.
Inputs: ${inputs}. The load generator is a process of its own, but shares the cores with the service and its engine.
Made by \`npm run bench\`; how to read it: README.md beside this file.

${formatTable([header, ...lines])}

## Targets

Of \`targets.ts\`. Where a target was measured several times, the worst counts.

${formatTable(judgeTargets(rows, task))}
`;
}
