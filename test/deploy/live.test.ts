import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { type RunningService, startService } from '../support/running-service.ts';
import { alertsFile, dashboardExpressions, readAlerts, readDashboard, readDeployed } from './deployed-files.ts';
import { type Prometheus, startPrometheus, withoutPrometheus } from './prometheus-tools.ts';

const KEY = 'the-key-of-prometheus';
const alerts = readAlerts();

interface ScrapeConfig {
  job_name: string;
  authorization?: { credentials_file: string };
  static_configs: { targets: string[] }[];
}

interface ActiveAlert {
  state: 'pending' | 'firing';
  labels: { alertname: string; job: string };
  annotations: { summary: string };
}

describe('deploy/, beside a running hotvec', () => {
  let service: RunningService;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-deploy-'));
  before(async () => {
    const keysFile = path.join(folder, 'api-keys');
    writeFileSync(keysFile, `prometheus:${createHash('sha256').update(KEY).digest('hex')}\n`);
    service = await startService({ apiKeysFile: keysFile });
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  /** Requests that leave a trace in every counter that the dashboard shows. */
  async function request(): Promise<void> {
    const authorization = `Bearer ${KEY}`;
    const answer = await service.post('/v1/embeddings', { input: ['a text', 'another'] }, { authorization });
    assert.equal(answer.status, 200);
    assert.equal((await service.post('/v1/embeddings', { input: [] }, { authorization })).status, 400);
    const partly = { input: ['a text', ''], on_error: 'partial' };
    assert.equal((await service.post('/v1/embeddings', partly, { authorization })).status, 200);
  }

  it('asks only for metrics that the server exports', async () => {
    const text = await (await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } })).text();
    const exported = new Set<string>();
    for (const [, name, type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
      for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) exported.add(name + suffix);
    }
    assert.ok(exported.size > 50);
    const expressions = [
      ...dashboardExpressions(),
      ...readDashboard().templating.list.map(({ definition }) => definition ?? ''),
      ...alerts.map(({ expr }) => expr),
    ];
    const asked = new Set(expressions.flatMap((expression) => expression.match(/\bhotvec_\w+/g) ?? []));
    assert.ok(asked.size > 35);
    assert.deepEqual(
      [...asked].filter((name) => !exported.has(name)),
      [],
    );
  });

  describe('a real Prometheus', { skip: withoutPrometheus }, () => {
    let prometheus: Prometheus;
    before(async () => {
      await request();
      prometheus = await startPrometheus(writeConfig(), folder);
      // Before the engine is lost, its first epoch must have been seen.
      await eventually('two scrapes', async () => (await count('hotvec_engine_epoch')) === 1 && scrapes(2));
      const victim = service.engineProcessId() as number;
      process.kill(victim, 'SIGKILL');
      await eventually(
        'another engine',
        async () => (await fetch(`${service.url}/readyz`)).status === 200 && service.engineProcessId() !== victim,
      );
      await request();
      await eventually('the second engine', async () => (await count('hotvec_engine_epoch == 2')) === 1);
    });
    after(() => prometheus?.stop());

    /** The configuration of deploy/, with this server, this key and less patience. */
    function writeConfig(): string {
      const config = parse(readDeployed('prometheus/prometheus.yml')) as {
        global: object;
        rule_files: string[];
        scrape_configs: ScrapeConfig[];
      };
      config.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '500ms' };
      config.rule_files = [alertsFile];
      for (const job of config.scrape_configs) {
        job.static_configs = [{ targets: [new URL(service.url).host] }];
        if (job.authorization !== undefined) job.authorization.credentials_file = path.join(folder, 'hotvec-api-key');
      }
      writeFileSync(path.join(folder, 'hotvec-api-key'), KEY);
      const file = path.join(folder, 'prometheus.yml');
      writeFileSync(file, stringify(config));
      return file;
    }

    async function count(query: string): Promise<number> {
      return (await prometheus.ask<{ result: unknown[] }>('query', { query })).result.length;
    }

    async function scrapes(atLeast: number): Promise<boolean> {
      return (await count(`count_over_time(hotvec_ready[1m]) >= ${atLeast}`)) === 1;
    }

    async function activeAlerts(): Promise<ActiveAlert[]> {
      return (await prometheus.ask<{ alerts: ActiveAlert[] }>('alerts')).alerts;
    }

    it('reads the metrics with a key, and is refused without', async () => {
      interface Target {
        scrapePool: string;
        health: string;
        lastError: string;
      }
      let targets: Record<string, Target> = {};
      // A scrape that was too slow on a busy machine is followed by another.
      await eventually('a good scrape', async () => {
        const { activeTargets } = await prometheus.ask<{ activeTargets: Target[] }>('targets');
        targets = Object.fromEntries(activeTargets.map((target) => [target.scrapePool, target]));
        return targets['hotvec-with-keys']?.health === 'up';
      });
      assert.equal(targets['hotvec-with-keys']?.lastError, '');
      assert.match(targets.hotvec?.lastError ?? '', /401 Unauthorized/);
      assert.equal(targets.hotvec?.health, 'down');
    });

    it('has all rules loaded, each evaluated without an error', async () => {
      interface Rule {
        name: string;
        health: string;
        lastError?: string;
      }
      let rules: Rule[] = [];
      await eventually('every rule evaluated', async () => {
        rules = (await prometheus.ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap((group) => group.rules);
        return rules.every(({ health }) => health !== 'unknown');
      });
      assert.deepEqual(
        rules.map(({ name }) => name),
        alerts.map(({ alert }) => alert),
      );
      for (const { name, health, lastError } of rules) assert.equal(health, 'ok', `${name}: ${lastError}`);
    });

    it('fires HotvecEngineLost for the engine that was killed, and nothing else', async () => {
      let ofServer: ActiveAlert[] = [];
      await eventually('an alert', async () => {
        ofServer = (await activeAlerts()).filter(({ labels }) => labels.job === 'hotvec-with-keys');
        return ofServer.some(({ state }) => state === 'firing');
      });
      const firing = ofServer.filter(({ state }) => state === 'firing');
      assert.deepEqual(
        firing.map(({ labels }) => labels.alertname),
        ['HotvecEngineLost'],
      );
      assert.equal(firing[0]?.annotations.summary, `${new URL(service.url).host} lost engine 0 of starter on device 0`);
    });

    it('has HotvecDown under way for the target that it cannot read', async () => {
      const down = (await activeAlerts()).filter(({ labels }) => labels.job === 'hotvec');
      assert.deepEqual(
        down.map(({ labels }) => labels.alertname),
        ['HotvecDown'],
      );
    });

    it('has an answer to every expression of the dashboard', async () => {
      let silent = dashboardExpressions();
      assert.ok(silent.length > 45);
      await eventually('answers', async () => {
        const counts = await Promise.all(silent.map(count));
        silent = silent.filter((_, i) => counts[i] === 0);
        return silent.length === 0;
      }).catch((error) => assert.deepEqual(silent, [], String(error)));
    });

    it('complains of nothing that it read', () => {
      assert.doesNotMatch(prometheus.log(), /Error on ingesting|level=error/);
    });
  });
});

/** Waits until `isSo`, for half a minute at most. */
async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await isSo()) return;
    await sleep(100);
  }
  throw new Error(`waited in vain for ${what}`);
}
