import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { providerLibrary } from '../src/engine/provider-library.ts';
import { packageRoot } from '../src/package-info.ts';
import { describeSettings, readConfig } from '../src/settings/config.ts';

interface Service {
  environment: Record<string, string | null>;
  ports: string[];
  volumes: string[];
  init: boolean;
  read_only: boolean;
  tmpfs: string[];
  cap_drop: string[];
  security_opt: string[];
  pids_limit: string;
  mem_limit: string;
  memswap_limit: string;
  ulimits: { core: number };
  logging: { driver: string; options: Record<string, string> };
  healthcheck: { test: string[]; interval: string; timeout: string; start_period: string; retries: number };
  stop_grace_period: string;
  build: string | { args: Record<string, string> };
  deploy?: { resources: { reservations: { devices: { driver: string; capabilities: string[] }[] } } };
}

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
/** Instructions, one a line: comments dropped, continued lines joined. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line !== '');
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: object;
};
const services = Object.values(compose.services);
const settings = new Set(describeSettings().map(({ variable }) => variable));

/** Settings that docker-compose.yml leaves to the image, and why. */
const NOT_PASSED_ON = new Map([
  ['HOST', 'all addresses of the container: what is published is for `ports` to say'],
  ['PORT', 'in the shell it is the published port; inside, healthcheck and `ports` count on 8080'],
  ['HF_HOME', "a path of the machine, which Hugging Face's tools there are told; the image has its volume"],
  ['HF_HUB_CACHE', 'the same'],
  ['HF_TOKEN_PATH', 'the same; HF_TOKEN is passed on'],
]);
/** What a service says itself, because it is what the service is. */
const FIXED: Record<string, Record<string, string>> = {
  hotvec: { ALLOW_NO_AUTH: '1' },
  'hotvec-gpu': { ALLOW_NO_AUTH: '1', DEVICE: 'cuda' },
};

/** Whether the builder gets `file`: the last matching line of .dockerignore decides. */
function isSent(file: string): boolean {
  let sent = true;
  for (const line of read('.dockerignore').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = line.replace(/^!/, '');
    const parents = file.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'));
    const matches = (one: string) => pattern === one || (pattern.endsWith('*') && isChildOf(one, pattern.slice(0, -1)));
    if (parents.some(matches)) sent = line.startsWith('!');
  }
  return sent;
}

const isChildOf = (file: string, folder: string) => file.startsWith(folder) && !file.slice(folder.length).includes('/');

describe('Dockerfile', () => {
  const copied = instructions
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));

  it('copies only files that exist and that .dockerignore lets through', () => {
    assert.ok(copied.length > 5, `found only ${copied}`);
    for (const file of copied) {
      assert.ok(existsSync(path.join(packageRoot, file)), `${file} does not exist`);
      assert.ok(isSent(file), `.dockerignore keeps ${file} from the builder`);
    }
  });

  it('is built without node_modules, dist, git history, tests and models other than the starter', () => {
    for (const file of ['node_modules', 'dist', '.git', 'test', 'api-keys', 'models/Qwen3-Embedding-0.6B']) {
      assert.equal(isSent(file), false, file);
    }
  });

  it('copies from the build what the build makes: the entry and the health check', () => {
    const entry = instructions.find((line) => line.startsWith('ENTRYPOINT '));
    assert.equal(entry, 'ENTRYPOINT ["node", "dist/src/cli.js"]');
    const health = instructions.find((line) => line.startsWith('HEALTHCHECK '));
    assert.match(health ?? '', /CMD \["node", "dist\/scripts\/check-ready\.js"\]$/);
    const scripts = ['check-ready', 'prepare-bundle', 'prune-native-binaries'].map((name) => `scripts/${name}.ts`);
    for (const file of ['src/cli.ts', ...scripts]) {
      assert.ok(existsSync(path.join(packageRoot, file)), file);
    }
  });

  it('sets only variables that are settings, besides NODE_ENV', () => {
    const variables = instructions
      .filter((line) => line.startsWith('ENV '))
      .flatMap((line) => [...line.matchAll(/(\w+)=/g)].map(([, name]) => name as string));
    assert.ok(variables.includes('HOST') && variables.includes('PORT'));
    for (const name of variables) assert.ok(settings.has(name) || name === 'NODE_ENV', name);
  });

  it('takes the CUDA provider of exactly the version of onnxruntime-node, by its sha256', () => {
    const requirements = read('scripts/cuda-provider-requirements.txt')
      .replace(/^#.*\n/gm, '')
      .trim();
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const version = dependencies['onnxruntime-node'];
    assert.match(requirements, /^onnxruntime-gpu==[\d.]+ --hash=sha256:[0-9a-f]{64}$/);
    assert.ok(
      requirements.startsWith(`onnxruntime-gpu==${version} `),
      `onnxruntime-node is ${version}: ${requirements}`,
    );
    const download = instructions.find((line) => line.includes('pip download'));
    assert.match(download ?? '', /--require-hashes .*-r cuda-provider-requirements\.txt/);
  });

  it('puts the CUDA provider where onnxruntime-node looks, and checks there that it loads', () => {
    const folder = '/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/';
    const here = path.relative(packageRoot, path.dirname(providerLibrary('cuda')));
    assert.equal(`/app/${here}/`.replace(/[^/]+\/[^/]+\/$/, 'linux/x64/'), folder);
    const start = instructions.findIndex((line) => line.endsWith('AS device-cuda'));
    const stage = instructions.slice(
      start,
      instructions.findIndex((line, i) => i > start && line.startsWith('FROM ')),
    );
    assert.ok(stage.some((line) => line.startsWith('COPY --from=cuda-provider') && line.endsWith(folder)));
    assert.ok(
      stage.some(
        (line) =>
          line.startsWith('RUN ') && line.includes('check-shared-libraries.sh') && line.includes(`${folder}*.so`),
      ),
    );
    assert.match(
      instructions.find((line) => line.startsWith('ARG CUDA_IMAGE=')) ?? '',
      /nvidia\/cuda:13\.[\d.]+-cudnn-runtime-/,
    );
  });

  it('does not run as root, and says so by number, which runAsNonRoot of Kubernetes asks for', () => {
    const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));
    assert.deepEqual(
      last.filter((line) => line.startsWith('USER ')),
      ['USER 1000:1000'],
    );
    assert.ok(last.indexOf('USER 1000:1000') > last.findLastIndex((line) => /^(RUN|COPY) /.test(line)));
  });

  it('takes every image by a version, and asks for no capability and no other port', () => {
    for (const [, image] of instructions.join('\n').matchAll(/^ARG \w+_IMAGE=(.*)$/gm))
      assert.match(image ?? '', /:[\d.]+-/);
    assert.deepEqual(
      instructions.filter((line) => line.startsWith('EXPOSE ')),
      ['EXPOSE 8080'],
    );
    assert.ok(!instructions.some((line) => /^ADD |\bsudo\b|\bchmod\b.*\b[0-7]?777\b|curl .*\| *(ba)?sh/.test(line)));
  });

  it('passes the license texts on', () => {
    assert.ok(copied.includes('LICENSE') && copied.includes('THIRD_PARTY_NOTICES.md'));
  });
});

describe('docker-compose.yml', () => {
  it('passes on only variables that are settings', () => {
    for (const { environment } of services) {
      assert.ok(Object.keys(environment).length > 3);
      for (const name of Object.keys(environment)) {
        assert.ok(settings.has(name) || /^(HTTPS?|NO)_PROXY$/.test(name), `${name} is not a setting`);
      }
    }
  });

  it('passes on every setting from the shell or .env, to both services', () => {
    assert.deepEqual(Object.keys(compose.services), ['hotvec', 'hotvec-gpu']);
    for (const [service, { environment }] of Object.entries(compose.services)) {
      for (const variable of settings) {
        if (NOT_PASSED_ON.has(variable)) continue;
        assert.ok(variable in environment, `${service} does not pass on ${variable}: add it to environment`);
        // No value: passed on where it is set. A fixed value would be deaf to the shell.
        const value = environment[variable] ?? `\${${variable}}`;
        assert.ok(
          new RegExp(`^\\$\\{${variable}[:}]`).test(value) || FIXED[service]?.[variable] === value,
          `${service} sets ${variable} to ${value}`,
        );
      }
    }
    for (const variable of NOT_PASSED_ON.keys()) assert.ok(settings.has(variable), variable);
  });

  it('has one writable place, for downloaded models, where the image looks for them', () => {
    const [, home] = /\bHF_HOME=(\S+)/.exec(instructions.join('\n')) ?? [];
    assert.ok(home !== undefined);
    assert.ok(instructions.includes(`RUN install -d -o node -g node ${home}`), 'the user of the image owns it');
    for (const { read_only: isReadOnly, volumes } of services) {
      assert.equal(isReadOnly, true);
      assert.deepEqual(
        volumes.filter((volume) => !volume.endsWith(':ro')),
        [`cache:${home}`],
      );
    }
    assert.ok('cache' in compose.volumes);
  });

  it('runs closed: no root to write to, no capability, no new privileges, and bounds on processes, memory and logs', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      assert.equal(service.init, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.deepEqual(service.tmpfs, ['/tmp:size=64m,mode=1777,noexec,nosuid,nodev'], name);
      assert.match(service.pids_limit, /:-\d+\}$/, name);
      assert.match(service.mem_limit, /:-\d+g\}$/, name);
      assert.equal(service.memswap_limit, service.mem_limit, name);
      assert.equal(service.ulimits.core, 0, name);
      assert.ok('max-size' in service.logging.options && 'max-file' in service.logging.options, name);
      for (const opened of ['privileged', 'cap_add', 'network_mode', 'pid', 'ipc', 'devices', 'user']) {
        assert.ok(!(opened in service), `${name} has ${opened}`);
      }
      assert.ok(!service.volumes.some((volume) => volume.includes('docker.sock')), name);
    }
  });

  it('asks /readyz for its health, exactly as the image does', () => {
    const line = instructions.find((one) => one.startsWith('HEALTHCHECK '));
    for (const { healthcheck } of services) {
      const { test, interval, timeout, start_period: start, retries } = healthcheck;
      assert.equal(
        line,
        `HEALTHCHECK --interval=${interval} --timeout=${timeout} --start-period=${start} --retries=${retries} ` +
          `CMD ${JSON.stringify(test.slice(1)).replaceAll('","', '", "')}`,
      );
    }
  });

  it('publishes ports to this machine only, as long as it asks for no keys', () => {
    for (const { environment, ports } of services) {
      assert.equal(environment.ALLOW_NO_AUTH, '1');
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:.*:8080$/);
    }
  });

  it('gives a stop longer than the default drain needs', () => {
    const { drainDelayMs, drainMs } = readConfig({});
    for (const { stop_grace_period: grace } of services) {
      assert.match(grace, /^\d+s$/);
      // Two more seconds: one for the engine to end, one for the last answers (shut-down.ts).
      assert.ok(Number.parseInt(grace, 10) * 1000 > drainDelayMs + drainMs + 2_000, grace);
    }
  });

  it('builds the gpu service for CUDA, never for the CPU', () => {
    const build = compose.services['hotvec-gpu']?.build;
    assert.ok(typeof build === 'object');
    assert.equal(build.args.DEVICE, 'cuda');
    assert.equal(compose.services['hotvec-gpu']?.environment.DEVICE, 'cuda');
    const [device] = compose.services['hotvec-gpu']?.deploy?.resources.reservations.devices ?? [];
    assert.equal(device?.driver, 'nvidia');
    assert.deepEqual(device?.capabilities, ['gpu']);
  });

  it('passes on what decides where and in which precision it computes', () => {
    for (const { environment } of services) {
      for (const name of ['DEVICE', 'DEVICE_ID', 'DTYPE']) assert.ok(name in environment, name);
    }
  });
});
