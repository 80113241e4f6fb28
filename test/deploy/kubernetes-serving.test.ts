import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { startStubService } from '../http/stub-service.ts';
import { readDeployed } from './deployed-files.ts';

const read = <Manifest>(file: string): Manifest => parse(readDeployed(`kubernetes/${file}`)) as Manifest;

interface Named {
  kind: string;
  metadata: { name: string };
}

const deployment = read<Named & { spec: { replicas: number } }>('deployment.yaml');
const service = read<Named & { spec: { ports: { port: number }[] } }>('service.yaml');

describe('deploy/kubernetes/scaled-object.yaml', () => {
  const { spec } = read<{
    spec: {
      scaleTargetRef: { name: string; kind?: string };
      minReplicaCount: number;
      maxReplicaCount: number;
      fallback: { replicas: number };
      advanced: { horizontalPodAutoscalerConfig: { behavior: object } };
      triggers: { metricType: string; metadata: { query: string; threshold: string } }[];
    };
  }>('scaled-object.yaml');
  const autoscaler = read<{
    spec: {
      minReplicas: number;
      maxReplicas: number;
      behavior: object;
      metrics: { pods: { metric: { name: string }; target: { averageValue: string } } }[];
    };
  }>('autoscaler.yaml').spec;

  it('scales the deployment within the bounds of the autoscaler, as slowly', () => {
    // KEDA takes a Deployment where no kind is named.
    assert.deepEqual([spec.scaleTargetRef.kind ?? 'Deployment', spec.scaleTargetRef.name], ['Deployment', 'hotvec']);
    assert.equal(deployment.metadata.name, 'hotvec');
    assert.equal(spec.minReplicaCount, autoscaler.minReplicas);
    assert.equal(spec.maxReplicaCount, autoscaler.maxReplicas);
    assert.equal(spec.fallback.replicas, deployment.spec.replicas);
    assert.deepEqual(spec.advanced.horizontalPodAutoscalerConfig.behavior, autoscaler.behavior);
  });

  it('asks for gauges that hotvec exports, by the targets of the autoscaler, for each pod', async () => {
    const stub = await startStubService();
    const exported = await (await fetch(`${stub.url}/metrics`)).text();
    await stub.close();
    const targets = new Map(spec.triggers.map(({ metadata }) => [/hotvec_\w+/.exec(metadata.query)?.[0], metadata]));
    assert.deepEqual([...targets.keys()].sort(), autoscaler.metrics.map(({ pods }) => pods.metric.name).sort());
    for (const { pods } of autoscaler.metrics) {
      const { name } = pods.metric;
      assert.match(exported, new RegExp(`^# TYPE ${name} gauge$`, 'm'));
      const [, amount, milli] = /^(\d+)(m?)$/.exec(pods.target.averageValue) ?? [];
      assert.equal(Number(targets.get(name)?.threshold), Number(amount) / (milli === 'm' ? 1_000 : 1), name);
    }
    // A sum over pods, divided by the pods: that is what AverageValue does.
    for (const { metricType, metadata } of spec.triggers) {
      assert.equal(metricType, 'AverageValue');
      assert.match(metadata.query, /^sum\(/);
    }
  });

  it('asks for the job that service-monitor.yaml makes: the name of the service', () => {
    const monitor = read<{ spec: { jobLabel?: string } }>('service-monitor.yaml');
    assert.equal(monitor.spec.jobLabel, undefined);
    for (const { metadata } of spec.triggers) assert.ok(metadata.query.includes(`job="${service.metadata.name}"`));
  });
});

describe('deploy/kubernetes/http-route.yaml and traffic-policy.yaml', () => {
  const route = read<Named & { spec: { rules: { backendRefs: { name: string; port: number }[] }[] } }>(
    'http-route.yaml',
  );
  const policy = read<{
    spec: { targetRefs: { kind: string; name: string }[]; loadBalancer: { type: string }; retry: { retryOn: object } };
  }>('traffic-policy.yaml');

  it('send requests to the port of the service', () => {
    assert.deepEqual(
      route.spec.rules.flatMap(({ backendRefs }) => backendRefs),
      [{ name: service.metadata.name, port: service.spec.ports[0]?.port }],
    );
  });

  it('choose the pod with fewer requests for that route, and ask another one where a pod cannot answer', () => {
    const [target] = policy.spec.targetRefs;
    assert.deepEqual([target?.kind, target?.name], [route.kind, route.metadata.name]);
    assert.equal(policy.spec.loadBalancer.type, 'LeastRequest');
    assert.deepEqual((policy.spec.retry.retryOn as { httpStatusCodes: number[] }).httpStatusCodes, [503]);
  });
});
