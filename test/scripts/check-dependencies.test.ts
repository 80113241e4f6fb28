import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { licenseProblems } from '../../scripts/supply-chain/license-problems.ts';
import {
  bundledPackages,
  type LockedPackage,
  type Lockfile,
  nameOf,
  type PackageManifest,
  productionPackages,
} from '../../scripts/supply-chain/lockfile.ts';
import { lockfileProblems } from '../../scripts/supply-chain/lockfile-problems.ts';
import { noticeProblems } from '../../scripts/supply-chain/notice-problems.ts';
import { packageRoot } from '../../src/package-info.ts';

const readJson = (file: string) => JSON.parse(readFileSync(path.join(packageRoot, file), 'utf8')) as unknown;
const manifest = () => readJson('package.json') as PackageManifest;
const lockfile = () => readJson('package-lock.json') as Lockfile;
const workspaces = () => ({ playground: readJson('playground/package.json') as PackageManifest });

/** The real lockfile, with a package more or changed. */
function withPackage(folder: string, change: LockedPackage): Lockfile {
  const changed = lockfile();
  changed.packages[folder] = { ...(changed.packages[folder] ?? { integrity: 'sha512-x', license: 'MIT' }), ...change };
  return changed;
}

const script = (name: string) => path.join(packageRoot, 'dist', 'scripts', name);

describe('check-dependencies', () => {
  it('finds nothing wrong with what is installed', () => {
    const { status, stderr } = spawnSync(process.execPath, [script('check-dependencies.js')], { encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });
});

describe('lockfileProblems()', () => {
  const changes: [string, Lockfile, RegExp][] = [
    ['no hash', withPackage('node_modules/x', { integrity: '' }), /node_modules\/x has no sha512 hash/],
    ['a weak hash', withPackage('node_modules/pino', { integrity: 'sha1-x' }), /node_modules\/pino has no sha512 hash/],
    ['a link', withPackage('node_modules/x', { link: true }), /node_modules\/x is a link to a folder/],
    [
      'a link to no workspace, under the name of one',
      withPackage('node_modules/hotvec-playground', { resolved: '../elsewhere', link: true }),
      /node_modules\/hotvec-playground is a link to a folder/,
    ],
    [
      'a link to a workspace under another name',
      withPackage('node_modules/pino', { resolved: 'playground', link: true }),
      /node_modules\/pino is a link to a folder/,
    ],
    [
      'drift of a workspace',
      withPackage('playground', { devDependencies: { preact: '^1.0.0' } }),
      /playground\/package.json has preact .*, the lockfile \^1\.0\.0/,
    ],
    ['a host', withPackage('node_modules/x', { resolved: 'https://mirror.example/x.tgz' }), /names where it came from/],
    ['a script', withPackage('node_modules/x', { hasInstallScript: true }), /^x has an install script/],
    [
      'a git range',
      withPackage('node_modules/x', { dependencies: { y: 'git+ssh://git@host.example/y.git' } }),
      /node_modules\/x wants y from elsewhere/,
    ],
    [
      'a repository as range',
      withPackage('node_modules/x', { dependencies: { y: 'owner/y#main' } }),
      /node_modules\/x wants y from elsewhere/,
    ],
    [
      'drift',
      withPackage('', { dependencies: { pino: '^1.0.0' } }),
      /package.json has pino .*, the lockfile \^1\.0\.0/,
    ],
  ];
  for (const [what, changed, problem] of changes) {
    it(`sees ${what}`, () => {
      const problems = lockfileProblems(manifest(), changed, workspaces());
      assert.ok(
        problems.some((one) => problem.test(one)),
        problems.join('\n'),
      );
    });
  }

  it('sees an archive, an address and a folder in package.json', () => {
    for (const range of ['file:../x', 'https://host.example/x.tgz', 'github:owner/x', './x']) {
      const given = manifest();
      given.devDependencies = { ...given.devDependencies, x: range };
      assert.match(
        lockfileProblems(given, lockfile(), workspaces()).join('\n'),
        /package\.json wants x from elsewhere/,
        range,
      );
    }
  });

  it('lets every range of a registry pass', () => {
    const ranges = ['^1.2.3', '>=1 <3', '1.x || 2', '*', '', '1.0.0-dev.1+build', 'npm:@scope/other@^1.0.0'];
    const dependencies = Object.fromEntries(ranges.map((range, i) => [`x${i}`, range]));
    assert.deepEqual(lockfileProblems(manifest(), withPackage('node_modules/x', { dependencies }), workspaces()), []);
  });

  it('notices a decision about a script that no longer exists', () => {
    const given = manifest();
    given.allowScripts = { ...given.allowScripts, gone: false };
    assert.match(
      lockfileProblems(given, lockfile(), workspaces()).join('\n'),
      /names gone, which has no install script/,
    );
  });
});

describe('licenseProblems()', () => {
  const judge = (license: string | undefined, name = 'x') => {
    const facts = { version: '1.0.0', ...(license ? { license } : {}) };
    const locked = { lockfileVersion: 3, packages: { [`node_modules/${name}`]: { integrity: 'sha512-x', ...facts } } };
    const problems = licenseProblems(locked, []);
    const inPage = licenseProblems({ lockfileVersion: 3, packages: {} }, [{ name, hasText: true, ...facts }]);
    assert.deepEqual(inPage, problems);
    return problems;
  };

  it('lets what was agreed to pass, alone, as a choice, and together', () => {
    for (const license of ['MIT', '(GPL-3.0-only OR MIT)', 'MIT AND (Apache-2.0 OR SSPL-1.0)']) {
      assert.deepEqual(judge(license), [], license);
    }
  });

  it('refuses everything else, and invalid expressions', () => {
    for (const license of [
      'GPL-3.0-only',
      'LGPL-3.0-or-later',
      'MIT AND AGPL-3.0-only',
      'SEE LICENSE IN LICENSE',
      'UNLICENSED',
      'Elastic-2.0',
    ]) {
      assert.match(judge(license).join(), /^x@1\.0\.0 is licensed as .*, which is not allowed$/, license);
    }
    assert.deepEqual(judge(undefined), ['x@1.0.0 names no license']);
  });

  it('asks nothing of tools that users do not get', () => {
    const tool = { version: '1.0.0', dev: true, license: 'GPL-3.0-only' };
    assert.deepEqual(licenseProblems({ lockfileVersion: 3, packages: { 'node_modules/tool': tool } }, []), []);
  });
});

describe('noticeProblems()', () => {
  it('asks for a notice where a package brings no license text, one for all platforms', () => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'hotvec-notices-'));
    try {
      const packages = Object.fromEntries(
        ['with', 'without', '@x/native-linux-x64-gnu', 'elsewhere'].map((name) => [`node_modules/${name}`, {}]),
      );
      for (const folder of Object.keys(packages)) {
        if (!folder.endsWith('elsewhere')) mkdirSync(path.join(root, folder), { recursive: true });
      }
      writeFileSync(path.join(root, 'node_modules/with/LICENSE.md'), 'MIT');
      const inPage = ['page-with', 'page-without'].map((name) => ({
        name,
        version: '1.0.0',
        hasText: name === 'page-with',
      }));
      const find = (notices: string) => noticeProblems({ lockfileVersion: 3, packages }, inPage, root, notices);
      assert.deepEqual(
        find('').map((problem) => problem.split(' ')[0]),
        ['without', '@x/native-linux-x64-gnu', 'page-without'],
      );
      assert.deepEqual(find('| `without` | and `@x/native-*`, `page-without` |'), []);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('the license texts that the page passes on', () => {
  it('are of all packages whose code is in it', () => {
    const page = path.join(packageRoot, 'dist', 'playground', 'page', 'playground');
    const texts = readFileSync(path.join(page, 'licenses.txt'), 'utf8');
    const code = readdirSync(page).filter((file) => file.endsWith('.js'));
    const inPage = bundledPackages(packageRoot);
    assert.ok(code.length > 5 && inPage.length > 2);
    for (const { name, version, license } of inPage)
      assert.ok(texts.includes(`\n${name} ${version} (${license})\n`), name);
    assert.match(texts, /Copyright \(c\) 2015-present Jason Miller/);
  });
});

describe('npm run sbom', () => {
  it('lists exactly what users get, each with version, hash and license', () => {
    const { status, stdout } = spawnSync(process.execPath, [script('write-sbom.js')], { encoding: 'utf8' });
    assert.equal(status, 0);
    const bill = JSON.parse(stdout) as {
      bomFormat: string;
      metadata: { component: { name: string; version: string } };
      components: { name: string; version: string; purl: string; hashes: { alg: string }[]; licenses: object[] }[];
      dependencies: { ref: string; dependsOn: string[] }[];
    };
    assert.equal(bill.bomFormat, 'CycloneDX');
    assert.equal(bill.metadata.component.name, 'hotvec');
    const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    const wanted = new Set(
      productionPackages(lockfile()).map(([folder, { version }]) => `${nameOf(folder)}@${version}`),
    );
    const inPage = bundledPackages(packageRoot);
    assert.ok(inPage.some(({ name }) => name === 'preact'));
    for (const { name, version } of inPage) wanted.add(`${name}@${version}`);
    assert.ok(wanted.size > 100);
    assert.equal(bill.components.length, listed.size);
    assert.deepEqual([...listed].sort(), [...wanted].sort());
    for (const { ref, dependsOn } of bill.dependencies) {
      for (const one of [ref, ...dependsOn]) assert.ok(listed.has(one) || one.startsWith('hotvec@'), one);
    }
    for (const { name, version, purl, hashes, licenses } of bill.components) {
      assert.equal(purl, `pkg:npm/${name.replace('@', '%40')}@${version}`);
      assert.equal(hashes[0]?.alg, 'SHA-512', name);
      assert.equal(licenses.length, 1, name);
    }
  });
});
