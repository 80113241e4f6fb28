import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';

const script = path.join(packageRoot, 'dist', 'scripts', 'check-ready.js');

async function exitCode(environment: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [script], { env: environment, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code;
}

/** Runs `use` beside a server that answers `status` to /readyz and 404 to all else. */
async function withServer(status: number, use: (port: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/readyz' ? status : 404;
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(String((server.address() as AddressInfo).port));
  } finally {
    server.close();
  }
}

describe('check-ready, the health check of the container', () => {
  it('exits with 0 when /readyz answers 200', async () => {
    await withServer(200, async (port) => assert.equal(await exitCode({ PORT: port }), 0));
  });

  it('exits with 1 when /readyz answers 503', async () => {
    await withServer(503, async (port) => assert.equal(await exitCode({ PORT: port }), 1));
  });

  it('exits with 1 when nothing listens', async () => {
    let port = '';
    await withServer(200, async (free) => {
      port = free;
    });
    assert.equal(await exitCode({ PORT: port }), 1);
  });

  it('takes HOTVEC_PORT before PORT, as the server does', async () => {
    await withServer(200, async (port) => assert.equal(await exitCode({ HOTVEC_PORT: port, PORT: '1' }), 0));
  });
});
