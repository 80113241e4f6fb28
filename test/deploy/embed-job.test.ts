import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { EXIT_CONFIG, EXIT_ROWS_FAILED, EXIT_USAGE } from '../../src/commands/exit-codes.ts';
import { describeSettings, readConfig } from '../../src/settings/config.ts';
import { readDeployed } from './deployed-files.ts';
import { type EmbedJob, readEmbedJob } from './embed-job.ts';

const read = <Manifest>(file: string): Manifest => parse(readDeployed(`kubernetes/${file}`)) as Manifest;
const { spec } = readEmbedJob();
const pod = spec.template.spec;
const [container] = pod.containers as [(typeof pod.containers)[0]];
const fixed = Object.fromEntries(
  container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
);

describe('deploy/kubernetes/bulk', () => {
  it('has as many pods as parts, and tells each the same number of them', () => {
    assert.equal(spec.completionMode, 'Indexed');
    assert.equal(fixed.PARTS, String(spec.completions));
    assert.ok(spec.parallelism <= spec.completions);
    assert.match(container.command.join(' '), /--shard "\$JOB_COMPLETION_INDEX\/\$PARTS"/);
  });

  it('lets a part go on after a lost pod, but not beside it, and does not repeat what cannot succeed', () => {
    assert.ok(spec.backoffLimitPerIndex > 0);
    assert.equal(spec.podReplacementPolicy, 'Failed');
    // Required with podFailurePolicy.
    assert.equal(pod.restartPolicy, 'Never');
    // A host name for each index, which Kubernetes gives where there is none: output-lock.ts knows by it who is gone.
    assert.equal(pod.hostname, undefined);
    const fail = spec.podFailurePolicy.rules.find(({ action }) => action === 'FailIndex');
    assert.deepEqual(fail?.onExitCodes, {
      containerName: container.name,
      operator: 'In',
      values: [EXIT_USAGE, EXIT_ROWS_FAILED, EXIT_CONFIG],
    });
  });

  it('sets variables that are settings, to the values of the deployment, and one for its own command', () => {
    const settings = new Set(describeSettings().map(({ variable }) => variable));
    const names = container.env.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !settings.has(name)),
      ['PARTS'],
    );
    readConfig({ ...fixed, THREADS: container.resources.limits.cpu });
    const serving = read<EmbedJob>('deployment.yaml').spec.template.spec;
    const [server] = serving.containers as [(typeof pod.containers)[0]];
    for (const name of ['MODEL', 'DEVICE', 'THREADS']) {
      const find = ({ env }: typeof server) => env.find((one) => one.name === name);
      assert.deepEqual(find(container), find(server), name);
    }
    assert.equal(pod.enableServiceLinks, false);
    assert.equal(pod.automountServiceAccountToken, false);
    assert.deepEqual(pod.securityContext, serving.securityContext);
    assert.deepEqual(container.securityContext, server.securityContext);
  });

  it('mounts claims that there are: the corpus read only, and a file system for the vectors', () => {
    const mounts = new Map(container.volumeMounts.map(({ name, ...mount }) => [name, mount]));
    assert.deepEqual([...mounts.keys()].sort(), pod.volumes.map(({ name }) => name).sort());
    assert.deepEqual(mounts.get('corpus'), { mountPath: '/corpus', readOnly: true });
    const claims = ['bulk/corpus.yaml', 'bulk/vectors.yaml', 'cache.yaml'].map(
      (file) => read<{ metadata: { name: string } }>(file).metadata.name,
    );
    const used = pod.volumes.flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
    assert.deepEqual(used.sort(), claims.sort());
    const volume = read<{ metadata: { name: string }; spec: { mountOptions: string[] } }>('bulk/corpus-volume.yaml');
    const claim = read<{ spec: { volumeName: string } }>('bulk/corpus.yaml');
    assert.equal(claim.spec.volumeName, volume.metadata.name);
    assert.ok(volume.spec.mountOptions.includes('read-only'));
  });
});
