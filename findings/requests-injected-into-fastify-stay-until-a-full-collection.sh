#!/usr/bin/env bash
# A good guess: what Fastify's `inject` allocates for a request is garbage when the answer is read, and dies young, as that of a request over
# a connection does.
# What is true: with fastify 5.12.8 (light-my-request 6.8.1) it survives minor collections and is freed by full ones only, which stop the thread for
# longer. 6,000 requests, 16 at a time, take several full collections and twice the minor ones; the same requests given to the same application's
# `routing` with Node's own IncomingMessage and ServerResponse take none. On Node 20.20.2, 22.23.3 and 24.21.0.
# Source: light-my-request's lib/response.js, generatePayload: without the closures `json` and `stream` and the getter `cookies` of its answer, and the
# accessor `connection` of lib/request.js, they die young. Seen where requests are injected while a server runs, not in tests, which are over before it matters.
# Prints versions and collections; exits with 1 if that changes. Needs node, npm and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > collections.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { EventEmitter } from 'node:events';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';

const app = Fastify();
app.post('/', async () => {
  await sleep(20);
  return { answer: 'x'.repeat(2000) };
});
await app.ready();
const body = Buffer.from(JSON.stringify({ input: 'x'.repeat(2000) }));
const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
const ways = {
  inject: () => app.inject({ method: 'POST', url: '/', headers, payload: body }),
  routing: () =>
    new Promise((resolve) => {
      const request = new IncomingMessage(new EventEmitter());
      Object.assign(request, { method: 'POST', url: '/', httpVersion: '1.1', complete: true, headers: { ...headers } });
      request.push(body);
      request.push(null);
      const response = new ServerResponse(request);
      response.assignSocket(new Writable({ write: (_chunk, _encoding, done) => done() }));
      response.once('finish', () => {
        resolve();
        process.nextTick(() => response.destroy());
      });
      app.routing(request, response);
    }),
};
let counts = {};
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) counts[detail.kind] = (counts[detail.kind] ?? 0) + 1;
}).observe({ entryTypes: ['gc'] });
const version = JSON.parse(readFileSync('node_modules/light-my-request/package.json', 'utf8')).version;
console.log(`Node ${process.version}, fastify ${app.version}, light-my-request ${version}`);
const full = {};
for (const [name, ask] of Object.entries(ways)) {
  let left = 0;
  const run = async (requests) => {
    left = requests;
    await Promise.all(Array.from({ length: 16 }, async () => { while (left-- > 0) await ask(); }));
    await sleep(50);
  };
  await run(500);
  gc();
  await sleep(50);
  counts = {};
  await run(6000);
  full[name] = counts[constants.NODE_PERFORMANCE_GC_MAJOR] ?? 0;
  console.log(`${name}: ${full[name]} full and ${counts[constants.NODE_PERFORMANCE_GC_MINOR] ?? 0} minor collections`);
}
process.exit(full.inject >= 2 && full.routing === 0 ? 0 : 1);
NODE
npm install --silent --no-audit --no-fund fastify@5.12.8 light-my-request@6.8.1 > npm.log
node --expose-gc collections.mjs
