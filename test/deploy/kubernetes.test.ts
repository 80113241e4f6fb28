import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { publishedHashes } from '../../src/model-files/known/published-hashes.ts';
import { ConfigError, describeSettings, readConfig } from '../../src/settings/config.ts';
import { type StubService, startStubService } from '../http/stub-service.ts';
import { deployFolder, readDeployed } from './deployed-files.ts';

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { resourceFieldRef?: { resource: string }; secretKeyRef?: { name: string; optional?: boolean } };
}

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  failureThreshold: number;
}

interface Container {
  name: string;
  image: string;
  env: Variable[];
  ports: { name: string; containerPort: number }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: object;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}

interface Pod {
  enableServiceLinks: boolean;
  automountServiceAccountToken: boolean;
  terminationGracePeriodSeconds: number;
  securityContext: object;
  containers: Container[];
  volumes: {
    name: string;
    persistentVolumeClaim?: { claimName: string };
    secret?: { secretName: string; defaultMode: number };
  }[];
}

const folder = path.join(deployFolder, 'kubernetes');
const read = <Manifest>(file: string): Manifest => parse(readDeployed(`kubernetes/${file}`)) as Manifest;
const { spec } = read<{
  spec: {
    replicas: number;
    selector: { matchLabels: object };
    template: { metadata: { labels: object }; spec: Pod };
  };
}>('deployment.yaml');
const labels = spec.template.metadata.labels;
const pod = spec.template.spec;
const [container] = pod.containers as [Container];
const fixed = Object.fromEntries(
  container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
);
const config = () => readConfig({ ...fixed, HOST: '0.0.0.0', THREADS: container.resources.limits.cpu });

describe('deploy/kubernetes', () => {
  it('is YAML of one document a file, and kustomization.yaml names files that exist', () => {
    const isYaml = (file: string) => file.endsWith('.yaml');
    const files = readdirSync(folder).filter(isYaml);
    assert.ok(files.length >= 11);
    const inBulk = readdirSync(path.join(folder, 'bulk')).filter(isYaml);
    for (const file of [...files, ...inBulk.map((name) => `bulk/${name}`)]) {
      const documents = parseAllDocuments(readDeployed(`kubernetes/${file}`), { strict: true, uniqueKeys: true });
      assert.equal(documents.length, 1, file);
      for (const { errors } of documents as { errors: unknown[] }[]) assert.deepEqual(errors, [], file);
    }
    const named = (kustomization: string) =>
      [...readDeployed(kustomization).matchAll(/^\s+(?:# )?- ([\w-]+\.yaml)$/gm)].map(([, file]) => file as string);
    const others = ['kustomization.yaml', 'metrics-adapter.yaml'];
    assert.deepEqual([...named('kubernetes/kustomization.yaml'), ...others].sort(), files.sort());
    assert.deepEqual([...named('kubernetes/bulk/kustomization.yaml'), 'kustomization.yaml'].sort(), inBulk.sort());
  });

  it('selects the pods that it makes, everywhere', () => {
    const { spec: service } = read<{ spec: { selector: object; ports: { targetPort: string }[] } }>('service.yaml');
    const { spec: budget } = read<{ spec: { selector: { matchLabels: object } } }>('disruption-budget.yaml');
    for (const selector of [spec.selector.matchLabels, service.selector, budget.selector.matchLabels]) {
      assert.deepEqual(selector, labels);
    }
    assert.equal(service.ports[0]?.targetPort, container.ports[0]?.name);
  });
});

describe('deploy/kubernetes/deployment.yaml', () => {
  let service: StubService;
  before(async () => {
    service = await startStubService();
  });
  after(() => service.close());

  it('sets only variables that are settings, to values that hotvec accepts', () => {
    const settings = new Set(describeSettings().map(({ variable }) => variable));
    for (const { name } of container.env) assert.ok(settings.has(name), `${name} is not a setting`);
    assert.equal(config().port, container.ports[0]?.containerPort);
  });

  it('serves a model by its commit, so that all pods serve the same', () => {
    const [repository, commit] = (fixed.MODEL as string).split('@') as [string, string];
    assert.match(commit, /^[0-9a-f]{40}$/);
    assert.ok(publishedHashes(repository, commit, true).size > 0, 'hotvec knows the files of that commit');
  });

  it('keeps out the variables that Kubernetes sets for a service of the name hotvec: they end the start', () => {
    assert.equal(pod.enableServiceLinks, false);
    const links = { HOTVEC_SERVICE_HOST: '10.0.0.1', HOTVEC_PORT: 'tcp://10.0.0.1:8080' };
    assert.throws(() => readConfig({ ...fixed, ...links }), ConfigError);
  });

  it('probes paths that answer without a key', async () => {
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      assert.equal(probe.httpGet.port, container.ports[0]?.name);
      assert.equal((await fetch(service.url + probe.httpGet.path)).status, 200, probe.httpGet.path);
    }
    assert.equal(container.startupProbe.httpGet.path, '/livez');
    assert.equal(container.livenessProbe.httpGet.path, '/livez');
    assert.equal(container.readinessProbe.httpGet.path, '/readyz');
  });

  it('has patience for a first download', () => {
    const { periodSeconds, failureThreshold } = container.startupProbe;
    assert.ok(periodSeconds * failureThreshold >= 1_800);
  });

  it('gives a stop longer than the drain needs', () => {
    const { drainDelayMs, drainMs } = config();
    // Two more seconds: one for the engine to end, one for the last answers (shut-down.ts).
    assert.ok(pod.terminationGracePeriodSeconds * 1000 > drainDelayMs + drainMs + 2_000);
    // The endpoints must have heard of a pod that is not ready before its port closes.
    const { periodSeconds, failureThreshold } = container.readinessProbe;
    assert.ok(drainDelayMs > periodSeconds * failureThreshold * 1000 * 2);
  });

  it('is as closed as docker-compose.yml: no root, no capability, nothing to write but the cache and /tmp', () => {
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.equal(pod.automountServiceAccountToken, false);
    const writable = container.volumeMounts.filter(({ readOnly }) => readOnly !== true);
    assert.deepEqual(writable.map(({ mountPath }) => mountPath).sort(), ['/cache', '/tmp']);
  });

  it('takes the keys from a secret, as the file that API_KEYS_FILE names', () => {
    const mount = container.volumeMounts.find(({ mountPath }) => fixed.API_KEYS_FILE?.startsWith(`${mountPath}/`));
    const volume = pod.volumes.find(({ name }) => name === mount?.name);
    assert.equal(volume?.secret?.secretName, 'hotvec-api-keys');
    assert.equal(volume.secret.defaultMode, 0o440);
    assert.equal(fixed.ALLOW_NO_AUTH, undefined);
    for (const { name, value } of container.env) assert.ok(!/TOKEN/.test(name) || value === undefined, name);
  });

  it('mounts volumes that exist, the cache on the claim of cache.yaml', () => {
    for (const { name } of container.volumeMounts)
      assert.ok(
        pod.volumes.some((volume) => volume.name === name),
        name,
      );
    const claim = read<{ metadata: { name: string } }>('cache.yaml').metadata.name;
    assert.equal(pod.volumes.find(({ name }) => name === 'cache')?.persistentVolumeClaim?.claimName, claim);
  });

  it('computes with as many threads as the limit gives it cores, whole ones', () => {
    const threads = container.env.find(({ name }) => name === 'THREADS');
    assert.equal(threads?.valueFrom?.resourceFieldRef?.resource, 'limits.cpu');
    assert.match(container.resources.limits.cpu ?? '', /^\d+$/);
    assert.match(container.resources.requests.memory ?? '', /^\d+Gi$/);
  });
});

describe('deploy/kubernetes/autoscaler.yaml', () => {
  const { spec: scaler } = read<{
    spec: {
      scaleTargetRef: { kind: string; name: string };
      minReplicas: number;
      metrics: { pods: { metric: { name: string } } }[];
    };
  }>('autoscaler.yaml');

  it('scales the deployment by metrics that hotvec exports and the adapter passes on', async () => {
    const { kind, metadata } = read<{ kind: string; metadata: { name: string } }>('deployment.yaml');
    assert.deepEqual([scaler.scaleTargetRef.kind, scaler.scaleTargetRef.name], [kind, metadata.name]);
    assert.equal(scaler.minReplicas, spec.replicas);
    const stub = await startStubService();
    const exported = await (await fetch(`${stub.url}/metrics`)).text();
    await stub.close();
    assert.equal(scaler.metrics.length, 2);
    for (const { pods } of scaler.metrics) {
      assert.match(exported, new RegExp(`^# TYPE ${pods.metric.name} gauge$`, 'm'));
      assert.match(readDeployed('kubernetes/metrics-adapter.yaml'), new RegExp(`[|"]${pods.metric.name}[|"]`));
    }
  });
});
