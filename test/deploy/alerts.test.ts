import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-info.ts';
import { alertsFile, deployFolder, readAlerts, readDeployed } from './deployed-files.ts';
import { promtool, withoutPrometheus } from './prometheus-tools.ts';

interface UnitTest {
  promql_expr_test: { expr: string; exp_samples: { labels: string }[] }[];
}

const alerts = readAlerts();
const names = alerts.map(({ alert }) => alert);
const { tests } = parse(readDeployed('prometheus/alerts.test.yml')) as { tests: UnitTest[] };

describe('deploy/prometheus/alerts.yml', () => {
  it('gives every alert a severity, a summary, a description and its place in the runbook', () => {
    assert.ok(names.length > 15);
    assert.equal(new Set(names).size, names.length);
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels.severity, /^(critical|warning|info)$/, alert);
      assert.ok(annotations.summary !== '' && annotations.description !== '', alert);
      assert.equal(annotations.runbook_url, `docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  it('has a runbook entry for every alert, in the same order, and for no other', () => {
    const runbook = readFileSync(path.join(packageRoot, 'docs', 'runbook.md'), 'utf8');
    assert.deepEqual(
      [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading),
      names,
    );
    for (const entry of runbook.split(/^### /m).slice(1)) {
      for (const part of ['**Means.**', '**See.**', '**Do.**']) assert.ok(entry.includes(part), `${part} in: ${entry}`);
    }
  });

  it('has a unit test in which each alert fires, and one of health in which none does', () => {
    const expected = tests.flatMap((test) => test.promql_expr_test).flatMap((one) => one.exp_samples);
    const fired = expected.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]);
    assert.deepEqual([...new Set(fired)].sort(), [...names].sort());
    const [health] = tests;
    for (const { expr, exp_samples: samples } of health?.promql_expr_test ?? []) {
      assert.equal(expr, 'ALERTS');
      assert.deepEqual(samples, []);
    }
  });
});

describe('promtool', { skip: withoutPrometheus }, () => {
  it('finds nothing wrong with the rules', async () => {
    assert.match(await promtool('check', 'rules', alertsFile), new RegExp(`SUCCESS: ${names.length} rules found`));
  });

  it('sees each alert fire in its case and no other', async () => {
    assert.match(await promtool('test', 'rules', path.join(deployFolder, 'prometheus', 'alerts.test.yml')), /SUCCESS/);
  });

  it('finds nothing wrong with the scrape configuration, once the key is where it says', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-promtool-'));
    try {
      const config = path.join(folder, 'prometheus.yml');
      copyFileSync(path.join(deployFolder, 'prometheus', 'prometheus.yml'), config);
      copyFileSync(alertsFile, path.join(folder, 'alerts.yml'));
      await assert.rejects(promtool('check', 'config', config), /hotvec-api-key.*no such file/);
      writeFileSync(path.join(folder, 'hotvec-api-key'), 'key');
      assert.match(await promtool('check', 'config', config), /SUCCESS: .* is valid prometheus config file syntax/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
