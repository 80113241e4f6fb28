import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type CopiedRequest,
  type Language,
  MOST_COPIED_BYTES,
  type SnippetOptions,
  snippet,
} from '../../playground/copy-as/snippets.ts';
import { startEmbedderAndReranker } from '../support/embedder-and-reranker.ts';
import type { RunningService } from '../support/running-service.ts';

/** What shells, JavaScript, Python or a terminal would read otherwise than it is meant. */
const NASTY = [
  `it's "quoted" and \\'both\\' ways`,
  'a\\nb is no line break, \\\\ are two backslashes \\',
  'two\nlines\r\nand a tab\t',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a shell would expand.
  '$HOME `id` $(id) ${HOME} !! !x %PATH% ~ * ? [a] {b,c} # & | ; < > =',
  'EOF',
  "'; exit 3; '",
  'émoji 👩‍👩‍👧‍👦 🙂 中文 العربية \u202eright to left\u202c',
  '\u2028line\u2029separators\u0085\u009b31mred\u007f\ufeff\u0000\u001b[31m',
  'true, false, null: "null" True None',
  '</script><!-- ]]> \'\'\'""" f"{x}"',
  '@/etc/passwd',
];

const KEY = 'a-key-of-a-test';

interface Ran {
  code: number | null;
  output: string;
  errors: string;
}

/** Runs it with a program as its input, or what its arguments name. */
async function run(command: string, args: readonly string[], input: string, env: object = {}): Promise<Ran> {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output, errors };
}

const isThere = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
const skip = (...commands: string[]) => {
  const missing = commands.filter((command) => !isThere(command));
  return missing.length === 0 ? false : `needs ${missing.join(', ')}`;
};

describe('what is copied of a request', () => {
  let service: RunningService;
  let folder: string;
  let options: SnippetOptions;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hotvec-snippets-'));
    service = await startEmbedderAndReranker();
    options = { baseUrl: `${service.url}/`, needsKey: false };
  });
  after(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });

  const requests: CopiedRequest[] = [
    { method: 'POST', route: '/v1/embeddings', body: { input: NASTY, dimensions: 32, input_type: null } },
    {
      method: 'POST',
      route: '/v1/similarity',
      body: { queries: NASTY, documents: NASTY.slice(0, 3), instruction: NASTY[0] },
    },
    { method: 'POST', route: '/v1/rerank', body: { query: NASTY[1], documents: NASTY, return_documents: true } },
    { method: 'POST', route: '/v1/tokenize', body: { input: NASTY } },
  ];

  /** What the API answers to the request itself, and to a pasted program, but for what is new in each answer. */
  const answersOf = async (request: CopiedRequest, ran: Ran) => {
    const direct = await service.post(request.route, request.body);
    assert.equal(direct.status, 200);
    assert.equal(ran.code, 0, ran.errors);
    const { id: _, ...expected } = (await direct.json()) as { id?: string };
    const { id: __, ...answer } = JSON.parse(ran.output);
    return { answer, expected };
  };

  const ways: { name: string; language: Language; needs: string[]; paste: (program: string) => Promise<Ran> }[] = [
    { name: 'curl in bash', language: 'curl', needs: ['curl', 'bash'], paste: (text) => run('bash', ['-s'], text) },
    { name: 'curl in sh', language: 'curl', needs: ['curl'], paste: (text) => run('sh', ['-s'], text) },
    {
      name: 'JavaScript',
      language: 'javascript',
      needs: [],
      paste: async (text) => {
        const file = path.join(folder, 'request.mjs');
        await writeFile(file, text);
        return run(process.execPath, [file], '');
      },
    },
    { name: 'Python', language: 'python', needs: ['python3'], paste: (text) => run('python3', ['-'], text) },
  ];

  for (const { name, language, needs, paste } of ways) {
    it(`is, pasted as ${name}, the same request, whatever the texts are`, { skip: skip(...needs) }, async () => {
      for (const request of requests) {
        const { program, note } = snippet(language, request, options);
        assert.equal(note, null);
        const { answer, expected } = await answersOf(request, await paste(program));
        assert.deepEqual(answer, expected, request.route);
      }
    });
  }

  it('asks also where nothing is sent', { skip: skip('curl', 'python3') }, async () => {
    const models = await (await fetch(`${service.url}/v1/models`)).json();
    for (const { language, paste } of ways) {
      const { program } = snippet(language, { method: 'GET', route: '/v1/models' }, options);
      assert.deepEqual(JSON.parse((await paste(program)).output), models);
      const metrics = await paste(snippet(language, { method: 'GET', route: '/metrics' }, options).program);
      assert.match(metrics.output, /^# HELP hotvec_/m);
    }
  });

  it('shows what the API says of an invalid request', { skip: skip('curl', 'python3') }, async () => {
    const request: CopiedRequest = { method: 'POST', route: '/v1/embeddings', body: { input: 'x', dimensions: 7 } };
    for (const { name, language, paste } of ways) {
      const { output, errors } = await paste(snippet(language, request, options).program);
      assert.match(output + errors, /dimensions is 7; this model supports 32 to 256/, name);
    }
  });

  it('shows nothing that a terminal obeys, an editor hides, or that turns text around', () => {
    for (const language of ['curl', 'javascript', 'python'] as const) {
      for (const request of requests) {
        const { program } = snippet(language, request, options);
        assert.doesNotMatch(program, /[^\P{Cc}\n]|[\u2028-\u202e\ufeff]/u, language);
      }
    }
  });

  it('has no doubled backslash and no quote within its quotes as curl: fish reads it, too', () => {
    for (const request of requests) {
      const { program } = snippet('curl', request, options);
      const body = program.slice(program.indexOf("-d '") + 4, -2);
      assert.deepEqual(JSON.parse(body), request.body);
      assert.doesNotMatch(body, /'|\\\\/);
    }
  });

  it('reads the key from the environment, and does not have it', { skip: skip('curl', 'python3') }, async () => {
    // An echo: what was sent as a key is what a server got.
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => {
      response.end(JSON.stringify({ key: request.headers.authorization }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      for (const language of ['curl', 'javascript', 'python'] as const) {
        for (const request of [requests[0] as CopiedRequest, { method: 'GET', route: '/v1/models' } as const]) {
          const to = { baseUrl: `http://127.0.0.1:${port}/below/`, needsKey: true };
          const { program } = snippet(language, request, to);
          const file = path.join(folder, 'keyed.mjs');
          await writeFile(file, program);
          const [command, ...args] = {
            curl: ['sh', file],
            javascript: [process.execPath, file],
            python: ['python3', file],
          }[language] as [string, ...string[]];
          const { output, errors } = await run(command, args, '', { HOTVEC_API_KEY: KEY });
          assert.deepEqual(JSON.parse(output || errors), { key: `Bearer ${KEY}` }, language);
          assert.match(program, /HOTVEC_API_KEY/);
        }
      }
    } finally {
      server.close();
    }
  });

  it('is shortened where it would be endless, says so, and still runs', { skip: skip('curl', 'python3') }, async () => {
    const long = `${"it's 中文 \\ ".repeat(40)}🙂`;
    for (const { body, note } of [
      {
        body: { input: Array(2000).fill(long), dimensions: 32 },
        note: /^Shortened for copying: input has the first \d+ of 2,000 items$/,
      },
      {
        body: { input: '🙂'.repeat(100_000), truncate: 'end', dimensions: 32 },
        note: /^Shortened for copying: input has the first [\d,]+ of 200,000 characters$/,
      },
      {
        body: { input: ['🙂'.repeat(100_000), 'x'], truncate: 'end', dimensions: 32 },
        note: /^Shortened for copying: input has the beginning of the first 1 of 2 items$/,
      },
    ]) {
      const request: CopiedRequest = { method: 'POST', route: '/v1/embeddings', body };
      for (const { name, language, paste } of ways) {
        if (name.endsWith('sh')) continue;
        const copied = snippet(language, request, options);
        assert.match(copied.note ?? '', note);
        assert.ok(copied.program.includes(copied.note as string));
        assert.ok(Buffer.byteLength(copied.program) < MOST_COPIED_BYTES + 1000, name);
        const { code, output, errors } = await paste(copied.program);
        assert.equal(code, 0, errors);
        assert.ok(JSON.parse(output).data.length > 0);
      }
      // Into the shell from a file, as one argument: what Linux allows.
      const curl = snippet('curl', request, options);
      const file = path.join(folder, 'long.sh');
      await writeFile(file, curl.program);
      const { output } = await run('bash', [file], '');
      assert.ok(JSON.parse(output).data.length > 0);
    }
  });
});
