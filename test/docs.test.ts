import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { NOTHING_OBSERVED } from '../src/metrics/observed-metrics.ts';
import { Metrics } from '../src/metrics.ts';
import { packageRoot } from '../src/package-info.ts';

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const decisions = readdirSync(path.join(packageRoot, 'docs', 'decisions')).filter((file) => /^\d{4}-/.test(file));
const documents = [
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'THIRD_PARTY_NOTICES.md',
  'deploy/README.md',
  'docs/architecture.md',
  'docs/models.md',
  'docs/operations.md',
  'docs/runbook.md',
  'docs/decisions/README.md',
  'bench/README.md',
  ...decisions.map((file) => `docs/decisions/${file}`),
];

describe('docs', () => {
  it('lists every metric that hotvec defines, and no other', async () => {
    const metrics = new Metrics(() => NOTHING_OBSERVED);
    const own = (await metrics.registry.getMetricsAsJSON())
      .map(({ name, help, type }) => ({ name, help, type: String(type) }))
      .filter(({ name }) => !/^hotvec_(process|nodejs)_/.test(name));
    const rows = [...read('docs/operations.md').matchAll(/^\| `(hotvec_\w+)` \| (\w+) \| [^|]*\| (.+) \|$/gm)];
    const documented = rows.map(([, name, type, help]) => ({ name, help, type }));
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      String(a.name).localeCompare(String(b.name));
    assert.deepEqual(documented.sort(byName), own.sort(byName));
  });

  it('indexes every decision record', () => {
    const index = read('docs/decisions/README.md');
    assert.ok(decisions.length >= 15);
    for (const file of decisions) assert.ok(index.includes(`](${file})`), file);
  });

  it('links only to files that exist', () => {
    let links = 0;
    for (const document of documents) {
      for (const [, target] of read(document).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
        if (/^https?:/.test(target as string)) continue;
        links += 1;
        const file = path.join(packageRoot, path.dirname(document), target as string);
        assert.ok(existsSync(file), `${document} links to ${target}`);
      }
    }
    assert.ok(links > decisions.length, 'no links were found');
  });

  it('names only source files that exist', () => {
    for (const document of documents) {
      for (const [, file] of read(document).matchAll(/`(?:src\/)?((?:[\w-]+\/)*[\w-]+\.ts)`/g)) {
        const places = ['src', '', 'src/engine', 'bench'].map((folder) =>
          path.join(packageRoot, folder, file as string),
        );
        assert.ok(places.some(existsSync), `${document} names ${file}`);
      }
    }
  });
});
