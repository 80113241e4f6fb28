import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';
import { bundledPackages } from './supply-chain/lockfile.ts';

// `npm run sbom`: the software bill of materials of what users get, CycloneDX JSON on standard output. npm writes it, from
// the lockfile alone: without network, the same on every machine, with the packages of all platforms. What is
// mended here: npm calls the project after the folder it lies in; its `--omit=dev` also leaves out what both we, as a
// tool, and a package of production ask for; and it does not know of what the playground's page is made of (npm 11.19).

interface Bill {
  metadata: { component: { name: string } };
  components: { 'bom-ref': string; name: string; version: string; properties: { name: string; value: string }[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const { name } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { name: string };
const { status, stdout } = spawnSync(
  'npm',
  ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only', '--offline'],
  { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' },
);
if (status !== 0) {
  process.exitCode = 1;
} else {
  const bill = withoutTools(JSON.parse(stdout) as Bill);
  bill.metadata.component.name = name;
  process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
}

/**
 * Drops what npm marks as for development only and is not in the page, the workspaces, which are of the project, and what
 * npm 10 lists once for each folder it lies in.
 */
function withoutTools(bill: Bill): Bill {
  const inPage = new Set(bundledPackages(packageRoot).map(({ name, version }) => `${name}@${version}`));
  const isTool = ({ name, version, properties }: Bill['components'][number]) => {
    const is = (what: string) =>
      properties.some((one) => one.name === `cdx:npm:package:${what}` && one.value === 'true');
    return is('private') || (is('development') && !inPage.has(`${name}@${version}`));
  };
  const tools = new Set(bill.components.filter(isTool).map((component) => component['bom-ref']));
  const components = new Map(bill.components.map((component) => [component['bom-ref'], component]));
  const dependencies = new Map(bill.dependencies.map((dependency) => [dependency.ref, dependency]));
  return {
    ...bill,
    components: [...components.values()].filter((component) => !isTool(component)),
    dependencies: [...dependencies.values()]
      .filter(({ ref }) => !tools.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => !tools.has(one)) })),
  };
}
