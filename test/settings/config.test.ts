import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { ConfigError, describeSettings, readConfig, withoutSecrets } from '../../src/settings/config.ts';

function problems(environment: Record<string, string>, args: string[] = []): readonly string[] {
  try {
    readConfig(environment, args);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

describe('readConfig()', () => {
  it('has a default for everything, on loopback', () => {
    const config = readConfig({});
    assert.equal(config.model, 'starter');
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 8080);
    assert.deepEqual(config.aliases, []);
  });

  it('takes a flag before a variable before the default', () => {
    assert.equal(readConfig({ PORT: '1' }, ['--port', '2']).port, 2);
    assert.equal(readConfig({ PORT: '1' }, ['--port=3']).port, 3);
    assert.equal(readConfig({ PORT: '1' }).port, 1);
    assert.equal(readConfig({ HOTVEC_PORT: '4' }).port, 4);
  });

  it('reads lists, switches and numbers', () => {
    const config = readConfig({ ALIASES: 'a, b', ALLOW_NO_AUTH: '1', KEY_SHARE: '0.5', HOTVEC_PREPACKING: 'false' });
    assert.deepEqual(config.aliases, ['a', 'b']);
    assert.equal(config.allowNoAuth, true);
    assert.equal(config.keyShare, 0.5);
    assert.equal(config.prepacking, false);
  });

  it('reads device ids', () => {
    assert.deepEqual(readConfig({}).deviceId, [0]);
    assert.deepEqual(readConfig({ DEVICE: 'cuda', DEVICE_ID: '2, 0' }).deviceId, [2, 0]);
  });

  it('takes an empty variable as absent', () => {
    assert.equal(readConfig({ PORT: '', MODEL: '' }).port, 8080);
  });

  it('listens for metrics where it listens for requests, unless told otherwise', () => {
    assert.equal(readConfig({}).metricsPort, 0);
    assert.equal(readConfig({ METRICS_PORT: '9090', HOST: '127.0.0.2' }).metricsHost, '127.0.0.2');
    assert.equal(readConfig({ METRICS_PORT: '9090', METRICS_HOST: '127.0.0.3' }).metricsHost, '127.0.0.3');
    assert.deepEqual(problems({ METRICS_PORT: '9090', METRICS_HOST: '0.0.0.0', API_KEYS_FILE: 'keys' }), []);
    assert.deepEqual(problems({ METRICS_PORT: '9090', METRICS_HOST: '0.0.0.0', ALLOW_NO_AUTH: '1' }), []);
  });

  it('lists all problems at once', () => {
    const found = problems({ PORT: '70000', DTYPE: 'int1', HOTVEC_NONSENSE: '1', THREADS: '1.5' }, [
      '--what',
      'x',
      'stray',
    ]);
    assert.equal(found.length, 6, found.join('\n'));
  });

  for (const { variable, default: standard } of describeSettings()) {
    it(`refuses nonsense in ${variable}, or takes any text`, () => {
      const isText = [
        ...['MODEL', 'SERVED_MODEL_NAME', 'ALIASES', 'HOST', 'METRICS_HOST', 'API_KEYS_FILE', 'OTEL_SERVICE_NAME'],
        ...['HF_TOKEN_PATH', 'HF_HOME', 'HF_HUB_CACHE', 'BATCH_DIR'],
      ].includes(variable);
      const found = problems({
        METRICS_PORT: '9090',
        [variable]: 'nön-sense',
        ALLOW_NO_AUTH: variable === 'ALLOW_NO_AUTH' ? 'nön-sense' : '1',
      });
      assert.equal(found.length, isText ? 0 : 1, `${variable} (${standard})`);
      const text = /_TOKEN$|_HEADERS$/.test(variable) ? 'invalid (its value is not shown)' : '"nön-sense"';
      const complaint =
        variable === 'MODELS_FILE' ? 'MODELS_FILE=nön-sense cannot be read' : `${variable} is ${text}; expected`;
      if (!isText) assert.ok(found[0]?.startsWith(complaint), found[0]);
    });
  }

  for (const [environment, message] of [
    [{ PORT: '-1' }, /PORT .* at least 0, at most 65535/],
    [{ PORT: '0x50' }, /PORT is "0x50"/],
    [{ KEY_SHARE: '0' }, /KEY_SHARE .* greater than 0, at most 1/],
    [{ DEVICE: 'tpu' }, /DEVICE is "tpu"; expected one of auto, cpu, cuda, webgpu/],
    [{ DEVICE_ID: '1' }, /DEVICE_ID=1 needs DEVICE=cuda; with DEVICE=auto there is only device 0/],
    [{ DEVICE: 'cpu', DEVICE_ID: '0,1' }, /DEVICE_ID=0,1 needs DEVICE=cuda/],
    [
      { DEVICE: 'cuda', DEVICE_ID: '0,0' },
      /DEVICE_ID is "0,0"; expected a comma-separated list of integers without duplicates/,
    ],
    [{ DEVICE: 'cuda', DEVICE_ID: '0,x' }, /DEVICE_ID is "0,x"/],
    [{ PORT: '1', HOTVEC_PORT: '2' }, /HOTVEC_PORT and PORT have different values/],
    [{ HOST: '0.0.0.0' }, /HOST=0\.0\.0\.0 is reachable/],
    [{ HOST: '::' }, /reachable/],
    [{ METRICS_PORT: '9090', METRICS_HOST: '0.0.0.0' }, /METRICS_HOST=0\.0\.0\.0 is reachable/],
    [{ METRICS_HOST: '127.0.0.1' }, /METRICS_HOST=127\.0\.0\.1 needs METRICS_PORT/],
    [{ METRICS_PORT: '8080' }, /METRICS_PORT is the same as PORT \(8080\)/],
    [{ MODEL: 'a/b@main', REVISION: 'v1' }, /MODEL=a\/b@main and REVISION=v1 name different revisions/],
    [{ REVISION: '../../x' }, /REVISION is "\.\.\/\.\.\/x"; expected a branch, a tag or a commit/],
    [{ REVISION: 'v1' }, /REVISION=v1 applies only to hub models, but MODEL is starter/],
    [{ MODEL_SOURCE: 'huggingface', HF_ENDPOINT: 'http://%%%' }, /HF_ENDPOINT=http:\/\/%%% is not an address/],
    [{ REVISION: '/etc' }, /REVISION is/],
    [{ REVISION: 'v1/' }, /REVISION is/],
    [{ HF_ENDPOINT: 'ftp://mirror' }, /HF_ENDPOINT .* begins with http/],
    [{ HF_ENDPOINT: 'https://user:pass@mirror' }, /without a user or password/],
    [{ MODEL_SOURCE: 'github' }, /MODEL_SOURCE is "github"; expected one of huggingface, modelscope/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT is .*begins with http/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://%%%' }, /OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/%%% is not an address/],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /"grpc"; expected one of http\/protobuf, http\/json/],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, /OTEL_TRACES_SAMPLER_ARG .* at most 1/],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x-key' }, /OTEL_EXPORTER_OTLP_HEADERS is invalid .* name=value pairs/],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%0ab' }, /OTEL_EXPORTER_OTLP_HEADERS is invalid/],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%zz' }, /OTEL_EXPORTER_OTLP_HEADERS is invalid/],
    [{ ALLOWED_ORIGINS: '*' }, /ALLOWED_ORIGINS=\* without API keys lets every web page use this server/],
    [{ ALLOWED_ORIGINS: '*,https://a.example', ALLOW_NO_AUTH: '1' }, /lists names and \*/],
    [{ ALLOWED_ORIGINS: 'app.example.com' }, /ALLOWED_ORIGINS is "app\.example\.com"; expected .* origins/],
    [{ ALLOWED_ORIGINS: 'https://app.example.com/chat' }, /expected .* such as https:\/\/app\.example\.com/],
    [{ ALLOWED_ORIGINS: 'https://*.example.com' }, /ALLOWED_ORIGINS is/],
    [{ ALLOWED_ORIGINS: 'null' }, /ALLOWED_ORIGINS is "null"/],
    [{ ALLOWED_ORIGINS: 'https://user@app.example.com' }, /ALLOWED_ORIGINS is/],
    [{ ALLOWED_ORIGINS: 'https://a.example,' }, /ALLOWED_ORIGINS is/],
    [{ ALLOWED_ORIGINS: 'https://app.example.com:99999' }, /app\.example\.com:99999 is not an origin/],
    [{ ALLOWED_HOSTS: 'https://vectors.example' }, /ALLOWED_HOSTS is .*expected a comma-separated list of host names/],
    [{ ALLOWED_HOSTS: 'vectors.example/v1' }, /ALLOWED_HOSTS is/],
    [{ ALLOWED_HOSTS: 'a.example,*' }, /ALLOWED_HOSTS=a\.example,\* lists names and \*/],
    [{ ALLOWED_HOSTS: '127.0.0.256' }, /ALLOWED_HOSTS: 127\.0\.0\.256 is not a host/],
    [{ ALLOWED_HOSTS: '*.10.0.0.1' }, /\*\.10\.0\.0\.1 is not a host/],
  ] as const) {
    it(`refuses ${JSON.stringify(environment)}`, () => {
      const found = problems(environment);
      assert.equal(found.length, 1);
      assert.match(found[0] as string, message);
    });
  }

  for (const [variable, value] of [
    ['HF_TOKEN', 'hf_SECRET\nx'],
    ['HF_TOKEN', 'hf_SECRETé'],
    ['HF_TOKEN', 'hf_SECRET x'],
    ['MODELSCOPE_API_TOKEN', 'SECRET\n'.repeat(2)],
    ['HF_ENDPOINT', 'https://user:SECRET@mirror'],
    ['HF_ENDPOINT', 'https://user:SEC@RET/SECRET@mirror'],
    ['HF_ENDPOINT', 'https://mirror/?token=SECRET'],
    ['MODELSCOPE_ENDPOINT', 'user:SECRET@mirror'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://user:SECRET@collector'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=\nSECRET'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'SECRET'],
  ] as const) {
    it(`refuses ${JSON.stringify(value)} in ${variable} on one line, without showing what is secret`, () => {
      const flag = `--${variable.toLowerCase().replaceAll('_', '-')}`;
      for (const found of [problems({ [variable]: value }), problems({}, [flag, value])]) {
        assert.equal(found.length, 1);
        assert.doesNotMatch(found.join(), /SECRET|RET\/|\n/);
      }
    });
  }

  it('takes a token with white space around it', () => {
    assert.equal(readConfig({ HF_TOKEN: ' hf_a\n' }).hfToken, 'hf_a');
  });

  it('finds the cache where the tools of Hugging Face look for it', () => {
    assert.equal(readConfig({ HF_HOME: '/a' }).hfHome, '/a');
    assert.equal(readConfig({ XDG_CACHE_HOME: '/c' }).hfHome, path.join('/c', 'huggingface'));
    assert.equal(readConfig({}).hfHome, path.join(homedir(), '.cache', 'huggingface'));
  });

  it('takes HF_HUB_OFFLINE for OFFLINE, which wins', () => {
    assert.equal(readConfig({ HF_HUB_OFFLINE: 'YES' }).offline, true);
    assert.equal(readConfig({ HF_HUB_OFFLINE: 'no' }).offline, false);
    assert.equal(readConfig({ HF_HUB_OFFLINE: '1', OFFLINE: '0' }).offline, false);
  });

  it('reads the other names that Hugging Face’s tools know, where the first is not set', () => {
    assert.equal(readConfig({ TRANSFORMERS_OFFLINE: '1' }).offline, true);
    assert.equal(readConfig({ HF_HUB_OFFLINE: '', TRANSFORMERS_OFFLINE: '1' }).offline, true);
    assert.equal(readConfig({ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }).offline, false);
    assert.equal(readConfig({ HUGGING_FACE_HUB_TOKEN: ' hf_old\n' }).hfToken, 'hf_old');
    assert.equal(readConfig({ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'hf_old' }).hfToken, 'hf_old');
    assert.equal(readConfig({ HF_TOKEN: 'hf_new', HUGGING_FACE_HUB_TOKEN: 'hf_old' }).hfToken, 'hf_new');
    assert.equal(readConfig({ HOTVEC_HF_TOKEN: 'hf_own', HUGGING_FACE_HUB_TOKEN: 'hf_old' }).hfToken, 'hf_own');
    assert.equal(readConfig({ HUGGING_FACE_HUB_TOKEN: 'hf_old' }, ['--hf-token=hf_flag']).hfToken, 'hf_flag');
    assert.equal(readConfig({ HUGGINGFACE_HUB_CACHE: '/old' }).hfHubCache, '/old');
    assert.equal(readConfig({ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }).hfHubCache, '/new');
    assert.equal(withoutSecrets(readConfig({ HUGGING_FACE_HUB_TOKEN: 'hf_old' })).hfToken, '***');
    assert.throws(() => readConfig({ HUGGING_FACE_HUB_TOKEN: 'two words' }), /HUGGING_FACE_HUB_TOKEN is invalid/);
  });

  it('expands the home folder and variables in folders, as Hugging Face’s tools do', () => {
    const home = homedir();
    assert.equal(readConfig({ HF_HOME: '~/models' }).hfHome, path.join(home, 'models'));
    assert.equal(readConfig({ HF_HUB_CACHE: '$DATA/hub', DATA: '/data' }).hfHubCache, '/data/hub');
    const inBraces = ['$', '{DATA}/hub'].join('');
    assert.equal(readConfig({ HUGGINGFACE_HUB_CACHE: inBraces, DATA: '/data' }).hfHubCache, '/data/hub');
    assert.equal(readConfig({ HF_TOKEN_PATH: '~/$NONE/a~b' }).hfTokenPath, path.join(home, '$NONE/a~b'));
  });

  it('says that variables are Kubernetes’ and what to do, whatever the Service is called', () => {
    const problemsOf = (environment: Record<string, string>): readonly string[] => {
      try {
        readConfig(environment);
      } catch (error) {
        return (error as ConfigError).problems;
      }
      return [];
    };
    const linksOf = (service: string) => ({
      [`${service}_SERVICE_HOST`]: '10.0.0.1',
      [`${service}_SERVICE_PORT`]: '8080',
      [`${service}_SERVICE_PORT_HTTP`]: '8080',
      [`${service}_PORT`]: 'tcp://10.0.0.1:8080',
      [`${service}_PORT_8080_TCP`]: 'tcp://10.0.0.1:8080',
      [`${service}_PORT_8080_TCP_PROTO`]: 'tcp',
      [`${service}_PORT_8080_TCP_PORT`]: '8080',
      [`${service}_PORT_8080_TCP_ADDR`]: '10.0.0.1',
    });
    const remedy = /Kubernetes .* for the Service "([^"]+)"\. Set enableServiceLinks: false in the pod's spec, or give/;
    for (const [environment, service, variables] of [
      [linksOf('HOTVEC'), 'hotvec', 8],
      [{ ...linksOf('HOTVEC'), PORT: '9000' }, 'hotvec', 8],
      [{ ...linksOf('HOTVEC'), HOTVEC_PORT: '9000' }, 'hotvec', 7],
      [{ HOTVEC_PORT: 'tcp://10.0.0.1:8080' }, 'hotvec', 1],
      [{ HOTVEC_PORT: 'tcp://[fd00::1]:8080' }, 'hotvec', 1],
      [{ HOTVEC_PORT_53_UDP: 'udp://10.0.0.1:53' }, 'hotvec', 1],
      [linksOf('HOTVEC_SMALL'), 'hotvec-small', 8],
      [linksOf('HOTVEC_METRICS'), 'hotvec-metrics', 8],
      [linksOf('METRICS'), 'metrics', 1],
    ] as [Record<string, string>, string, number][]) {
      const problems = problemsOf(environment);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.equal(remedy.exec(problems[0] as string)?.[1], service);
      assert.equal(
        (problems[0] as string).split(' Kubernetes ')[0]?.match(/[A-Z]+_(SERVICE|PORT|METRICS)\w*/g)?.length,
        variables,
      );
    }
    assert.equal(problemsOf({ ...linksOf('HOTVEC'), ...linksOf('HOTVEC_SMALL') }).length, 2);
    assert.deepEqual(problemsOf({ ...linksOf('OTHER'), ...linksOf('KUBERNETES') }), []);
    assert.match(problemsOf({ HOTVEC_SERVICE_PORT: '1' })[0] as string, /is not a setting of hotvec/);
    assert.match(problemsOf({ PORT: 'tcp://a:1' })[0] as string, /PORT is "tcp:\/\/a:1"; expected an integer/);
  });

  it('hides secrets from the log', () => {
    const headers = 'authorization=Bearer%20a, x-b=c';
    const shown = withoutSecrets(
      readConfig({
        HF_TOKEN: 'hf_a',
        MODELSCOPE_API_TOKEN: 'ms-b',
        HF_HOME: '/a',
        OTEL_EXPORTER_OTLP_HEADERS: headers,
      }),
    );
    assert.equal(shown.otelExporterOtlpHeaders, '***');
    assert.equal(shown.hfToken, '***');
    assert.equal(shown.modelscopeApiToken, '***');
    assert.equal(shown.hfHome, '/a');
    assert.equal(withoutSecrets(readConfig({})).hfToken, '');
  });

  it('allows a public address with keys, or when told that something else guards it', () => {
    assert.deepEqual(problems({ HOST: '0.0.0.0', API_KEYS_FILE: 'keys' }), []);
    assert.deepEqual(problems({ HOST: '0.0.0.0', ALLOW_NO_AUTH: '1' }), []);
    for (const host of ['localhost', '127.0.0.5', '::1']) assert.deepEqual(problems({ HOST: host }), []);
  });

  it('takes any origin with keys, or when told that every page may', () => {
    assert.deepEqual(problems({ ALLOWED_ORIGINS: '*', API_KEYS_FILE: 'keys' }), []);
    assert.deepEqual(problems({ ALLOWED_ORIGINS: '*', ALLOW_NO_AUTH: '1' }), []);
    const origins = 'http://localhost:5173, https://app.example.com/,chrome-extension://abc,http://[::1]:3000';
    assert.equal(readConfig({ ALLOWED_ORIGINS: origins }).allowedOrigins.length, 4);
  });

  it('takes hosts by name, by address, with a port and with all below', () => {
    const hosts = 'vectors.example,hotvec_1:8080,*.lan.example,10.0.0.5,::1,[::1]:8080';
    assert.equal(readConfig({ ALLOWED_HOSTS: hosts }).allowedHosts.length, 6);
  });

  it('alone reads the environment, but for the engine’s own', () => {
    const readers = [
      'src/http/app.ts',
      'src/serve.ts',
      'src/log/logger.ts',
      'src/metrics/metrics.ts',
      'src/tasks/embedding/pipeline-embedder.ts',
    ];
    for (const file of readers) assert.doesNotMatch(readFileSync(path.join(packageRoot, file), 'utf8'), /process\.env/);
  });
});
