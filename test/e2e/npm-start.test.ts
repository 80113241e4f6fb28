import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';

describe('npm start', () => {
  it('builds and serves, and a SIGTERM to npm stops the server', {
    skip: process.platform === 'win32' && 'signals',
  }, async () => {
    const npm = spawn('npm', ['start', '--', '--port', '0'], {
      cwd: packageRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    while (!output.includes('"msg":"ready"')) await once(npm.stdout, 'data');
    const [, url] = /"url":"([^"]+)"[^\n]*"msg":"ready"/.exec(output) ?? [];
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string; task: string }[] };
    assert.deepEqual(
      data.map(({ id, task }) => [id, task]),
      [
        ['starter', 'embed'],
        ['starter-reranker', 'rerank'],
      ],
    );
    const page = await fetch(url ?? '', { headers: { accept: 'text/html' } });
    assert.match(await page.text(), /<title>hotvec playground/);
    npm.kill('SIGTERM');
    // npm may end a moment before the server that it passed the signal to.
    for (let answers = true; answers; )
      answers = await fetch(`${url}/livez`).then(
        () => true,
        () => false,
      );
  });
});
