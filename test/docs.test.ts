import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Metrics } from '../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../src/metrics/observed-metrics.ts';
import { packageRoot } from '../src/package-info.ts';
import { modelSettings } from '../src/settings/model-settings.ts';
import { variableOf } from '../src/settings/setting-text.ts';
import { logLines } from './support/log-lines.ts';

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const decisions = readdirSync(path.join(packageRoot, 'docs', 'decisions')).filter((file) => /^\d{4}-/.test(file));
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'THIRD_PARTY_NOTICES.md',
  'deploy/README.md',
  'docs/api.md',
  'docs/architecture.md',
  'docs/bulk.md',
  'docs/clients.md',
  'docs/dialects.md',
  'docs/models.md',
  'docs/operations.md',
  'docs/playground.md',
  'docs/quantized-vectors.md',
  'docs/reranking.md',
  'docs/runbook.md',
  'docs/scale.md',
  'docs/decisions/README.md',
  'docs/decisions/tooling.md',
  'bench/README.md',
  'examples/README.md',
  ...decisions.map((file) => `docs/decisions/${file}`),
];

/** Fields that a cell names: those before a colon or a bracket, which explain. */
function fieldsIn(cell: string): string[] {
  const names = cell.replace(/\([^)]*\)/g, '').replace(/: .*$/, '');
  return [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string);
}

/** The anchors that GitHub makes of a document's headings. */
function headingsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

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

  it('lists every line of the log with its fields, and no others', () => {
    const [, text = ''] = read('docs/operations.md').split('\n## The log\n');
    const [section = ''] = text.split('\n## ');
    const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string);
    const documented = [
      ...section.matchAll(/^\| (`[^|]+`) \| ((?:debug|info|warn|error|fatal)[a-z, ]*) \| ([^|]*) ?\|$/gm),
    ].flatMap(([, messages = '', levels = '', fields = '']) =>
      words(messages).map((message) => [message, levels.split(', '), fieldsIn(fields)] as const),
    );
    const ofRequests = [...section.matchAll(/^\| (`[^|]+`) \| [^|]+ \|$/gm)].flatMap(([, cell = '']) => words(cell));
    assert.equal(documented.length, Object.keys(logLines).length);
    for (const [message, levels, fields] of documented) {
      const known = logLines[message];
      assert.ok(known !== undefined, `there is no line ${message}`);
      assert.deepEqual(levels, known.levels, message);
      const wanted = message === 'request' ? ofRequests.filter((field) => field !== 'msg') : fields;
      assert.deepEqual(wanted.toSorted(), Object.keys(known.fields).sort(), message);
    }
  });

  it('knows every line that the code writes', () => {
    const files = readdirSync(path.join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' });
    const calls = files
      .filter((file) => file.endsWith('.ts') && !file.endsWith('verify.ts'))
      .flatMap((file) => [
        ...read(path.join('src', file)).matchAll(/\b(?:logger|log)\.(?:debug|info|warn|error|fatal)\(([\s\S]*?)\);\n/g),
      ]);
    const messages = calls.flatMap(([, args = '']) => /'([^']+)',?\s*$/.exec(args)?.[1] ?? []);
    assert.ok(messages.length >= 25, `${messages.length}`);
    for (const message of messages) assert.ok(logLines[message] !== undefined, `not in log-lines.ts: ${message}`);
  });

  it('names every field that MODELS_FILE may give a model', () => {
    const [, sentence = ''] = /\nEach model may have ([\s\S]*?)\. /.exec(read('docs/models.md')) ?? [];
    const fields = Object.keys(modelSettings).filter((name) => name !== 'modelsFile');
    assert.deepEqual(
      [...sentence.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort(),
      fields.map((name) => variableOf(name).toLowerCase()).sort(),
    );
  });

  it('indexes every decision record', () => {
    const index = read('docs/decisions/README.md');
    assert.ok(decisions.length >= 15);
    for (const file of decisions) assert.ok(index.includes(`](${file})`), file);
    assert.ok(index.includes('](tooling.md)'));
  });

  it('marks a superseded or changed decision in its own file', () => {
    let marks = 0;
    for (const file of decisions) {
      const changes = /^(Supersedes|Changes) \[\d{4}\]\(([\w-]+\.md)\)/m.exec(read(`docs/decisions/${file}`));
      if (changes === null) continue;
      const [, verb, older] = changes;
      const mark = `> **${verb === 'Supersedes' ? 'Superseded' : 'Changed'} by [${file.slice(0, 4)}](${file})`;
      assert.ok(read(`docs/decisions/${older}`).includes(mark), `${older} does not say that ${file} ${verb} it`);
      marks += 1;
    }
    assert.ok(marks > 3, 'no record supersedes another');
  });

  it('links only to files and headings that exist', () => {
    let links = 0;
    for (const document of documents) {
      for (const [, target = '', heading] of read(document).matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
        if (/^https?:/.test(target)) continue;
        links += 1;
        const file = target === '' ? document : path.join(path.dirname(document), target);
        assert.ok(existsSync(path.join(packageRoot, file)), `${document} links to ${target}`);
        if (heading === undefined) continue;
        assert.ok(headingsOf(file).includes(heading), `${document} links to ${target}#${heading}`);
      }
    }
    assert.ok(links > decisions.length, 'no links were found');
  });

  it('shows pictures that are small enough, and keeps none that it does not show', () => {
    const shown = new Set(documents.flatMap((document) => read(document).match(/images\/[\w-]+\.png/g) ?? []));
    const kept = readdirSync(path.join(packageRoot, 'docs', 'images')).map((file) => `images/${file}`);
    assert.ok(kept.length >= 5 && read('README.md').includes('docs/images/'));
    for (const picture of kept) {
      assert.ok(shown.has(picture), `${picture} is not shown`);
      assert.ok(statSync(path.join(packageRoot, 'docs', picture)).size <= 200_000, `${picture} is too large`);
    }
  });

  it('names only source files that exist', () => {
    const sources = ['src', 'bench', 'playground'].flatMap((folder) =>
      readdirSync(path.join(packageRoot, folder), { recursive: true, encoding: 'utf8' }),
    );
    for (const document of documents) {
      for (const [, file] of read(document).matchAll(/`(?:src\/)?((?:[\w-]+\/)*[\w-]+\.ts)`/g)) {
        const isThere = sources.some((source) => `/${source}`.endsWith(`/${file}`));
        assert.ok(isThere || existsSync(path.join(packageRoot, file as string)), `${document} names ${file}`);
      }
    }
  });
});
