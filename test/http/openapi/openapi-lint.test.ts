import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Config, createConfig, lintFromString } from '@redocly/openapi-core';
import { openapiFile } from './openapi-document.ts';

async function config(): Promise<Config> {
  return createConfig({
    // Every recommended rule, and none only warns.
    extends: ['recommended-strict'],
    // Probes are asked without a body, a parameter or a key: there is nothing that could be wrong with them.
    rules: { 'operation-4xx-response': 'off' },
  });
}

async function problemsOf(source: string): Promise<string[]> {
  const problems = await lintFromString({ source, absoluteRef: openapiFile, config: await config() });
  return problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`);
}

describe('openapi.yaml, by the linter of Redocly', () => {
  const document = readFileSync(openapiFile, 'utf8');

  it('has no problem', async () => {
    assert.deepEqual(await problemsOf(document), []);
  });

  it('would have one, were an example, a reference or an operation wrong', async () => {
    for (const mistakes of [
      [
        ['object: list', 'object: lists', /^no-invalid-media-type-examples/],
        ['$ref: "#/components/schemas/Usage"', '$ref: "#/components/schemas/Use"', /^no-unresolved-refs/],
        ['operationId: createSimilarity', 'operationId: createEmbeddings', /^operation-operationId-unique/],
      ],
      [['summary: Embed texts', 'summary: [Embed texts]', /^(struct|operation-summary)/]],
    ] as const) {
      let broken = document;
      for (const [sound, wrong] of mistakes) {
        assert.ok(document.includes(sound), sound);
        broken = broken.replace(sound, wrong);
      }
      const problems = await problemsOf(broken);
      for (const [, wrong, rule] of mistakes) {
        assert.ok(
          problems.some((problem) => rule.test(problem)),
          `${wrong}: ${problems.join('; ')}`,
        );
      }
    }
  });
});
