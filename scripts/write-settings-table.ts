import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';
import { describeSettings } from '../src/settings/config.ts';

// Writes the README's table of settings from the schema in src/settings/settings.ts; `--check` only says whether it is current.

const START = '<!-- settings: written by scripts/write-settings-table.ts -->';
const END = '<!-- /settings -->';

const rows = describeSettings().map(({ variable, default: standard, description }) => {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return `| \`${variable}\` | ${standard === '' ? '' : `\`${standard}\``} | ${cell(description)} |`;
});
const table = ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');

const file = path.join(packageRoot, 'README.md');
const readme = readFileSync(file, 'utf8');
const start = readme.indexOf(START);
const end = readme.indexOf(END);
if (start < 0 || end < start) throw new Error(`README.md lacks ${START} … ${END}`);
const current = `${readme.slice(0, start + START.length)}\n${table}\n${readme.slice(end)}`;

if (!process.argv.includes('--check')) writeFileSync(file, current);
else if (readme !== current) {
  console.error("The README's table of settings is not that of src/settings/settings.ts. Run: npm run generate");
  process.exitCode = 1;
}
