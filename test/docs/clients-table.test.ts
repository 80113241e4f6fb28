import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const inTests = (file: string) => read(path.join('test', 'clients', file));

const lock = JSON.parse(inTests('package-lock.json')) as { packages: Record<string, { version: string }> };
/** Every pinned version, by what the table calls a client. */
const pinned: Record<string, (name: string) => string | undefined> = {
  'JavaScript, CI': (name) => lock.packages[`node_modules/${name}`]?.version,
  'Python, CI': (name) => requirement(inTests('python/requirements.txt'), name),
  'Python, test:clients': (name) => requirement(inTests('python/more-requirements.txt'), name),
  'Go, test:clients': (name) =>
    new RegExp(`/${name.replace('/api', '')}(/v3)? v(\\S+)`).exec(inTests('go/go.mod'))?.[2],
  'Rust, test:clients': (name) =>
    new RegExp(`^${name} = \\{ version = "=(.*?)"`, 'm').exec(inTests('rust/Cargo.toml'))?.[1],
  'Java, test:clients': (name) =>
    new RegExp(`<${name.replace(/-(open-?ai|ollama)$/, '')}.version>(.*)<`).exec(inTests('java/pom.xml'))?.[1],
};

function requirement(requirements: string, name: string): string | undefined {
  return new RegExp(`^${name}==(\\S+)`, 'm').exec(requirements)?.[1];
}

describe('docs/clients.md', () => {
  const rows = [...read('docs/clients.md').matchAll(/^\| `([^`]+)` \((\w+)\) \| (\S+) \| (CI|test:clients) \|/gm)];

  it('names the versions that are run', () => {
    assert.ok(rows.length > 25, `${rows.length} rows`);
    for (const [, name = '', language, version, where] of rows) {
      assert.equal(version, pinned[`${language}, ${where}`]?.(name), `${name} (${language})`);
    }
  });

  it('has a row for every client of the tests', () => {
    const named = new Set(rows.map(([, name]) => name));
    const direct = (file: string) => inTests(file).trim().split('\n');
    const { dependencies } = JSON.parse(inTests('package.json')) as { dependencies: Record<string, string> };
    // What the others come with, or what examples use.
    const others = [
      '@langchain/core',
      '@llamaindex/core',
      'ai',
      '@electric-sql/pglite',
      '@electric-sql/pglite-pgvector',
    ];
    const clients = [
      ...Object.keys(dependencies).filter((name) => !others.includes(name)),
      ...direct('python/requirements.in').map((name) => name.replace('_', '-')),
      ...direct('python/more-requirements.in'),
    ];
    for (const name of clients) assert.ok(named.has(name), `${name} has no row`);
  });
});
