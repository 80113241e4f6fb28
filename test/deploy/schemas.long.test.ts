import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { findPython } from '../support/find-python.ts';
import { deployFolder, readDeployed } from './deployed-files.ts';

/** Kinds that are not Kubernetes' own, and the published module that has their definition. */
const CUSTOM = [
  {
    manifest: 'scaled-object.yaml',
    module: 'github.com/kedacore/keda/v2@v2.21.0',
    definition: 'config/crd/bases/keda.sh_scaledobjects.yaml',
  },
  {
    manifest: 'http-route.yaml',
    module: 'sigs.k8s.io/gateway-api@v1.6.3',
    definition: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
  },
  {
    manifest: 'traffic-policy.yaml',
    module: 'github.com/envoyproxy/gateway@v1.9.1',
    definition: 'charts/gateway-crds-helm/templates/generated/gateway.envoyproxy.io_backendtrafficpolicies.yaml',
  },
];
/** Read by Kustomize, by Helm, and by the Prometheus Operator. */
const OTHERS = ['kustomization.yaml', 'metrics-adapter.yaml', 'service-monitor.yaml'];

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface Definition {
  spec: { group: string; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

/** The same schema, which takes no field that it does not name: a cluster drops those without a word. */
function closed(schema: Schema): Schema {
  const { properties, items } = schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || properties === undefined;
  return {
    ...schema,
    ...(isOpen ? {} : { additionalProperties: false }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, closed(one)])) }),
    ...(items === undefined ? {} : { items: closed(items) }),
  };
}

function moduleFolder(t: TestContext, module: string): string | null {
  const { status, stdout, error } = spawnSync('go', ['mod', 'download', '-json', module], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status === 0) return (JSON.parse(stdout) as { Dir: string }).Dir;
  t.skip(error === undefined ? `${module} could not be downloaded` : 'Go is not installed');
  return null;
}

describe('deploy/kubernetes, by published schemas', () => {
  const folder = path.join(deployFolder, 'kubernetes');
  const custom = CUSTOM.map(({ manifest }) => manifest);
  const own = ['.', 'bulk'].flatMap((part) =>
    readdirSync(path.join(folder, part))
      .filter((file) => file.endsWith('.yaml') && !OTHERS.includes(file) && !custom.includes(file))
      .map((file) => path.join(folder, part, file)),
  );

  it("is what Kubernetes' own schemas say, without a field that they do not have", (t) => {
    const found = findPython('deploy/schemas');
    if (typeof found === 'string') {
      t.skip(found);
      return;
    }
    const module = ['-m', 'kubernetes_validate', '--strict'];
    if (spawnSync(found.python, ['-c', 'import kubernetes_validate']).status !== 0) {
      t.skip(`${found.python} lacks kubernetes_validate`);
      return;
    }
    assert.ok(own.length >= 9);
    const { status, stderr, stdout } = spawnSync(found.python, [...module, ...own], { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    assert.equal(`${stdout}${stderr}`.match(/ passed for resource /g)?.length, own.length, stdout + stderr);
  });

  for (const { manifest, module, definition } of CUSTOM) {
    it(`${manifest} is what ${module} defines`, (t) => {
      const downloaded = moduleFolder(t, module);
      if (downloaded === null) return;
      const lines = readFileSync(path.join(downloaded, definition), 'utf8').split('\n');
      // Of a Helm chart: a condition around the whole.
      const { spec } = parse(lines.filter((line) => !line.startsWith('{{')).join('\n')) as Definition;
      const given = parse(readDeployed(`kubernetes/${manifest}`)) as { apiVersion: string; spec: object };
      const version = spec.versions.find(({ name }) => given.apiVersion === `${spec.group}/${name}`);
      assert.ok(version !== undefined, given.apiVersion);
      const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
      const isValid = ajv.compile(closed(version.schema.openAPIV3Schema));
      assert.ok(isValid(given), JSON.stringify(isValid.errors));
      assert.ok(!isValid({ ...given, spec: { ...given.spec, misspelled: 1 } }));
    });
  }
});
