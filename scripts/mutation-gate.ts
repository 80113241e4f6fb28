import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { formatTable } from '../bench/format-table.ts';
import { messageOf } from '../src/errors.ts';
import { packageRoot } from '../src/package-info.ts';
import { copyBuilt } from './mutation/built-copy.ts';
import { MUTANTS, type Mutant } from './mutation/mutants.ts';
import { placeOf } from './mutation/place-of.ts';
import { failureOf } from './mutation/run-test-file.ts';

// `npm run test:mutants [-- NAME …]`: puts one wiring bug after the other into a copy of the built code, and requires
// that a test goes red for each. Ends with code 1 when one survives, when its place is gone, or when the tests are not
// green without it.

interface Fate {
  mutant: string;
  killedBy: string;
  killed: boolean;
}

const names = process.argv.slice(2);
const mutants = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name));
if (mutants.length === 0) throw new Error(`The mutants: ${MUTANTS.map(({ name }) => name).join(', ')}.`);
const copy = copyBuilt(packageRoot);
process.once('exit', copy.remove);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const start = performance.now();
if (await areGreen()) {
  const fates: Fate[] = [];
  for (const mutant of mutants) {
    const fate = await fateOf(mutant);
    fates.push(fate);
    process.stderr.write(`${fate.mutant}: ${fate.killedBy}\n`);
  }
  console.log(formatTable([['mutant', 'killed by'], ...fates.map(({ mutant, killedBy }) => [mutant, killedBy])]));
  const survived = fates.filter(({ killed }) => !killed).map(({ mutant }) => mutant);
  const note = `${fates.length - survived.length} killed in ${Math.round((performance.now() - start) / 1000)} s${survived.length > 0 ? `; survived: ${survived.join(', ')}` : ''}`;
  console.log(`soak: ${JSON.stringify({ name: 'mutants_survived', value: survived.length, unit: 'mutants', note })}`);
  if (survived.length > 0) process.exitCode = 1;
}

/** Without a bug every test that is to notice one must be green, or its red would prove nothing. */
async function areGreen(): Promise<boolean> {
  for (const file of new Set(mutants.flatMap(testFiles))) {
    const failure = await failureOf(file);
    if (failure === null) continue;
    console.error(`Red without any mutant: ${path.relative(copy.dist, file)}: ${failure}`);
    process.exitCode = 1;
    return false;
  }
  return true;
}

async function fateOf(mutant: Mutant): Promise<Fate> {
  try {
    const { file, text, mutated } = placeOf(mutant, copy.dist);
    writeFileSync(file, mutated);
    try {
      for (const test of testFiles(mutant)) {
        const failure = await failureOf(test);
        const name = path.relative(path.join(copy.dist, 'test'), test).replace(/\.js$/, '.ts');
        if (failure !== null) return { mutant: mutant.name, killedBy: `${name}: ${failure}`, killed: true };
      }
    } finally {
      writeFileSync(file, text);
    }
    return { mutant: mutant.name, killedBy: `SURVIVED: ${mutant.bug}`, killed: false };
  } catch (error) {
    return { mutant: mutant.name, killedBy: `NOT TRIED: ${messageOf(error)}`, killed: false };
  }
}

function testFiles({ tests }: Mutant): string[] {
  const folder = path.join(copy.dist, 'test');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.js'));
  return tests.flatMap((start) => {
    const found = files.filter((file) => file.startsWith(start));
    if (found.length === 0) throw new Error(`There is no test ${start}.`);
    return found.map((file) => path.join(folder, file));
  });
}
