import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { importProblems, waysToPackage } from '../../../scripts/structure/import-problems.ts';
import { COMPUTING_PACKAGE, MAIN_ENTRY, rooms } from '../../../scripts/structure/rooms.ts';
import { parseSource, readSources } from '../../../scripts/structure/source-file.ts';
import { packageRoot } from '../../../src/package-info.ts';

const files = readSources(path.join(packageRoot, 'src'));

/** The problems of src with one file more, or with another text in one. */
const withFile = (file: string, text: string) =>
  importProblems([...files.filter((one) => one.path !== file), parseSource(file, text)], rooms);

/** A file, a module that it may not load, and whether it may know its types. */
const forbidden: [rule: string, file: string, module: string, mayKnowTypes?: 'types'][] = [
  ['nobody imports the front door', 'served-models/new.ts', '../serve.ts'],
  ['nor the commands', 'serve.ts', './commands/pull.ts'],
  ['nor the program', 'commands/new.ts', '../cli.ts'],
  ['the engine process is started by path', 'engine/supervisor/new.ts', '../process/process.ts'],
  ['also where its own room is concerned', 'engine/process/new.ts', './process.ts'],
  ['so is the orphan guard', 'engine/process/new.ts', './orphan-guard.ts'],
  ['so is the worker for large bodies', 'http/body/new.ts', './body-worker.ts', 'types'],
  ['the supervisor does not know the process', 'engine/supervisor/new.ts', '../process/warm-up.ts'],
  ['nor the process the supervisor', 'engine/process/new.ts', '../supervisor/supervisor.ts'],
  ['a dialect does not know another', 'http/dialects/tei/new.ts', '../cohere/cohere.ts'],
  ['a route does not know a dialect', 'http/routes/models/new.ts', '../../dialects/tei/errors.ts'],
  ['nor another route', 'http/routes/models/new.ts', '../tokenize/tokenize.ts'],
  ['http knows no engine', 'http/answers/new.ts', '../../engine/engine.ts'],
  ['nor a batcher', 'http/routes/models/new.ts', '../../../batching/batcher.ts'],
  ['it is given its metrics', 'http/door/new.ts', '../../metrics/metrics.ts', 'types'],
  ['and its embedder', 'http/answers/new.ts', '../../tasks/embedding/embedder.ts', 'types'],
  ['a format does not know another', 'formats/causal/new.ts', '../onnx/load.ts'],
  ['nobody else knows a single format', 'served-models/new.ts', '../formats/causal/packed-meter.ts'],
  ['but the list', 'formats/new.ts', './onnx/onnx-format.ts'],
  ['only the engine process loads models', 'served-models/new.ts', '../formats/load-model.ts'],
  ['a task does not know the formats', 'tasks/embedding/new.ts', '../../formats/load-model.ts'],
  ['it is given its batcher', 'tasks/embedding/new.ts', '../../batching/batcher.ts', 'types'],
  ['batching knows no task', 'batching/new.ts', '../tasks/embedding/embedder.ts'],
  ['tokenization knows itself', 'tokenization/new.ts', '../batching/batcher.ts'],
  ['settings know themselves', 'settings/new.ts', '../model-files/locate-model.ts'],
  ['so does tracing', 'tracing/new.ts', '../log/logger.ts'],
  ['metrics are handed what they show', 'metrics/new.ts', '../served-models/health-monitor.ts'],
  ['a folder is read without the hub', 'model-files/folder/new.ts', '../hub/hub.ts'],
  ['a file shared by all knows nobody', 'clock.ts', './log/logger.ts'],
  ['src does without the tests', 'batching/new.ts', '../../test/support/stub.ts'],
  ['a module is there', 'batching/new.ts', './nowhere.ts'],
  ['HTTP is spoken in http/ only', 'tasks/embedding/new.ts', 'fastify'],
  ['and not by the front door', 'serve.ts', 'fastify'],
  ['hubs are spoken to in model-files/hub/ only', 'model-files/new.ts', 'undici'],
  ['also by the library', 'formats/onnx/new.ts', '@huggingface/hub'],
  ['only formats and the engine process compute', 'engine/supervisor/new.ts', 'onnxruntime-node'],
  ['also by type', 'batching/new.ts', 'onnxruntime-node'],
  ['only tokenization/ tokenizes', 'model-files/folder/new.ts', 'tokenizers'],
  ['only tracing/ traces', 'http/door/new.ts', '@opentelemetry/api'],
  ['also by a part of a package', 'http/door/new.ts', '@opentelemetry/sdk-trace/build'],
  ['only log/ makes loggers', 'serve.ts', 'pino', 'types'],
  ['only metrics/ counts', 'http/door/new.ts', 'prom-client'],
];

describe('importProblems()', () => {
  it('finds none in src', () => {
    assert.deepEqual(importProblems(files, rooms), []);
  });

  for (const [rule, file, module, mayKnowTypes] of forbidden) {
    it(`${rule}: ${file} may not import ${module}`, () => {
      const existing = files.find((one) => one.path === file);
      const problemsOf = (text: string) => {
        const added = parseSource(file, text);
        const others = files.filter((one) => one !== existing);
        return importProblems(
          [...others, { ...added, imports: [...(existing?.imports ?? []), ...added.imports] }],
          rooms,
        );
      };
      for (const load of [
        `import { it } from '${module}';`,
        `import {\n  it,\n  type That,\n} from '${module}';`,
        `import '${module}';`,
        `export * from '${module}';`,
        `const { it } = await import('${module}');`,
      ]) {
        const [problem, ...others] = problemsOf(`${load}\n`);
        assert.match(problem ?? '', / may not load /, load);
        assert.ok(problem?.startsWith(`${file}: `));
        assert.deepEqual(others, [], load);
      }
      const ofTypes = problemsOf(`import type { That } from '${module}';\n`);
      if (mayKnowTypes) assert.deepEqual(ofTypes, []);
      else assert.match(ofTypes.join('\n'), / may not import types from /);
    });
  }

  it('wants a room for each file', () => {
    assert.deepEqual(withFile('helpers/new.ts', ''), ['helpers/new.ts is in no room']);
    assert.deepEqual(withFile('new.ts', ''), ['new.ts is in no room']);
  });

  it('takes a new format, task, route and dialect without a new rule', () => {
    for (const folder of ['formats/static', 'tasks/reranking', 'http/routes/rerank', 'http/dialects/jina']) {
      const up = '../'.repeat(folder.split('/').length);
      assert.deepEqual(withFile(`${folder}/new.ts`, `import { HotvecError } from '${up}errors.ts';\n`), []);
    }
  });

  it('wants no room and no entry that names nothing', () => {
    const stale = { ...rooms, gone: { values: ['also-gone'], types: ['log/gone.ts'] } };
    assert.deepEqual(importProblems(files, stale), [
      'room gone has no file',
      'also-gone is no room and no file',
      'log/gone.ts is no room and no file',
    ]);
  });
});

describe('waysToPackage()', () => {
  const computes = parseSource('engine/new.ts', "import { env } from 'onnxruntime-node';\n");
  const ways = (added: string) => {
    const changed = parseSource('engine/engine.ts', added);
    return waysToPackage([...files, computes, changed], MAIN_ENTRY, COMPUTING_PACKAGE);
  };

  it('finds none from the main process to onnxruntime-node', () => {
    assert.deepEqual(ways(''), []);
  });

  it('finds one through rooms that may import each other', () => {
    const [way, ...others] = ways("import { it } from './new.ts';\n");
    const ends = /^cli\.ts → commands\/run-command\.ts → .* → engine\/engine\.ts → engine\/new\.ts → onnxruntime-node$/;
    assert.match(way ?? '', ends);
    assert.deepEqual(others, []);
  });

  it('does not follow types', () => {
    assert.deepEqual(ways("import type { It } from './new.ts';\n"), []);
  });
});
