import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { SECTIONS } from '../../bench/sections.ts';
import { packageRoot } from '../../src/package-info.ts';
import { runBench } from './run-bench.ts';

/** How a line of each section's begins. */
const BEGINNINGS: Record<string, string> = {
  gemm: 'GEMM ',
  engine: 'engine, mix × 8',
  int8: 'engine, int8 and fp32, p × 8',
  batcher: 'batcher alone, q × 256',
  start: 'start without prepacking',
  latency: 'latency, one query',
  'closed-loop': 'closed loop, q × 256 a request',
  'open-loop': 'open loop, q × 1 a request, base64, at 110 %',
  saturation: 'engine busy at saturation, q × 1',
  'under-bulk': 'a query beside ',
  'event-loop': '/livez while answers of 2048 × 256, float',
  memory: 'memory after ',
  wire: 'float writer, ',
  dup: 'service, dup × 1 a request',
  static: 'static model of 256 components, q × 256 a request',
  growth: 'growth, 200 texts',
  peers: 'peers, q × 1',
};

const RERANK_BEGINNINGS: Record<string, string> = {
  gemm: 'GEMM ',
  rerank: 'engine, rr: rows of 32 documents',
  'rerank-int8': 'engine, rr: int8 and fp32',
  'rerank-service': 'closed loop, rr × 32 a request, 4 clients',
  memory: 'memory after ',
};

describe('npm run bench', () => {
  it('runs every section with --quick, prints their table and that of the targets, and leaves RESULTS.md alone', () => {
    const results = path.join(packageRoot, 'bench', 'RESULTS.md');
    const before = readFileSync(results, 'utf8');
    const { status, stdout, stderr } = runBench('--quick');
    assert.equal(status, 0, stderr);
    for (const name of Object.keys(SECTIONS.embed)) {
      assert.ok(stdout.includes(`| starter | ${BEGINNINGS[name]}`), `${name}: ${stdout}`);
    }
    assert.match(stdout, /× hotvec's padded path: /);
    assert.match(stdout, /× Fastify \+ transformers\.js: /);
    const [rows, targets] = stdout.split('## Targets');
    assert.doesNotMatch(rows as string, /NaN|undefined|Infinity/);
    assert.match(targets as string, /\| latency that an idle server adds .* \| starter \| .* \| (met|\*\*missed)/);
    assert.equal(readFileSync(results, 'utf8'), before);
  });

  it('runs every section about rerankers, with their targets', () => {
    const { status, stdout, stderr } = runBench('--quick', '--task', 'rerank');
    assert.equal(status, 0, stderr);
    for (const name of Object.keys(SECTIONS.rerank)) {
      assert.ok(stdout.includes(`| starter-reranker | ${RERANK_BEGINNINGS[name]}`), `${name}: ${stdout}`);
    }
    assert.match(stdout, /logits equal to the bit/);
    const [rows, targets] = stdout.split('## Targets');
    assert.doesNotMatch(rows as string, /NaN|undefined|Infinity/);
    assert.match(targets as string, /RSS of the main process/);
    assert.doesNotMatch(targets as string, /prefix sharing, qi/);
  });

  it('runs the one section that is asked for', () => {
    const { status, stdout, stderr } = runBench('--quick', '--only', 'wire');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\| starter \| float writer, /);
    assert.ok(!stdout.includes(BEGINNINGS.latency as string));
  });
});
