import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { ResultValue } from '../../src/bulk-files/rows.ts';
import { outputFormats } from '../../src/bulk-files/rows.ts';
import { packageRoot } from '../../src/package-info.ts';
import { findPython } from '../support/find-python.ts';
import { fixture, open, readAll } from './fixture.ts';
import { nameOf, randomResults, resultOptions, resultValues, writeResults } from './results.ts';

const SOURCE = 'bulk-files/readers';
const MODULES = 'duckdb, numpy, pandas, polars, pyarrow, safetensors';
const COUNT = 3_001;

interface ReadResult {
  /** What the tool calls the type of a row's result. */
  type: string;
  types?: Record<string, string>;
  values: (number | number[])[];
  ids: string[];
  /** Names of kept columns with other values than where they came from. */
  changed?: string[];
  model?: string;
}

describe('results, read with the tools that people read them with', () => {
  let folder: string;
  let report: Record<string, ReadResult> | string;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-results-'));
    const found = findPython(SOURCE);
    if (typeof found === 'string') report = found;
    else if (spawnSync(found.python, ['-c', `import ${MODULES}`]).status !== 0)
      report = `${found.python} lacks some of ${MODULES}`;
    else {
      for (const value of resultValues) {
        for (const format of outputFormats) {
          const output = path.join(folder, `${nameOf(value)}.${format}`);
          await writeResults(randomResults(value, COUNT), resultOptions(output, { format, value, count: COUNT }));
        }
      }
      await writeKinds(path.join(folder, 'kinds.parquet'));
      report = read(found.python);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function read(python: string): Record<string, ReadResult> {
    const program = path.join(packageRoot, 'test', SOURCE, 'read_results.py');
    const { stdout, stderr, status } = spawnSync(python, [program, folder, fixture('kinds.parquet')], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Record<string, ReadResult>;
  }

  function reportOf(context: TestContext, reader: string): ReadResult | null {
    if (typeof report !== 'string') return report[reader] ?? assert.fail(`${reader} is not in the report`);
    context.skip(report);
    return null;
  }

  for (const value of resultValues) {
    const name = nameOf(value);
    const types = typesOf(value);
    for (const [reader, type] of Object.entries(types)) {
      it(`${reader} reads ${name}`, (context) => {
        const [tool, format] = reader.split(' of ');
        const result = reportOf(context, `${name}.${format} ${tool}`);
        if (result === null) return;
        const rows = randomResults(value, COUNT);
        assert.equal(result.type, type);
        assert.deepEqual(
          result.ids,
          rows.map(({ id }) => id),
        );
        assert.deepEqual(
          result.values,
          rows.map(({ value: numbers }) => (typeof numbers === 'number' ? numbers : Array.from(numbers))),
        );
        if (result.model !== undefined) assert.equal(result.model, 'naïve/starter');
      });
    }
  }

  it('pyarrow finds kept columns of the types and values that it wrote', (context) => {
    const result = reportOf(context, 'kinds.parquet pyarrow');
    if (result === null) return;
    assert.deepEqual(result.types, { ...KINDS, id: 'int64', score: 'double' });
    assert.deepEqual(result.changed, []);
  });
});

/** Each type as pyarrow names it; what test/fixtures/bulk/make.py wrote, but for a dictionary, which is read as its values. */
const KINDS: Record<string, string> = {
  int8: 'int8',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint32: 'uint32',
  uint64: 'uint64',
  float16: 'halffloat',
  float32: 'float',
  float64: 'double',
  bool: 'bool',
  date: 'date32[day]',
  time: 'time64[us]',
  millis: 'timestamp[ms]',
  micros: 'timestamp[us, tz=UTC]',
  nanos: 'timestamp[ns]',
  decimal: 'decimal128(10, 2)',
  big_decimal: 'decimal128(38, 4)',
  bytes: 'binary',
  fixed: 'fixed_size_binary[4]',
  name: 'string',
};

async function writeKinds(output: string): Promise<void> {
  const keep = Object.keys(KINDS);
  const source = await open(fixture('kinds.parquet'), { keep });
  const rows = await readAll(source);
  const { id, kept } = await source.columnTypes();
  await writeResults(
    rows.map((row) => ({ ...row, value: 1 })),
    {
      ...resultOptions(output, { format: 'parquet', value: { name: 'score' }, count: rows.length }),
      id: { name: 'id', type: id },
      kept: keep.map((name, i) => ({ name, type: kept[i]! })),
    },
  );
}

/** What each tool calls the type of a row's result. */
function typesOf(value: ResultValue): Record<string, string> {
  if (value.name === 'score') {
    return {
      'pyarrow of parquet': 'double',
      'polars of parquet': 'Float64',
      'duckdb of parquet': 'DOUBLE',
      'pandas of parquet': 'float64',
      'numpy of npy': 'float64',
      'safetensors of safetensors': 'scores float64',
    };
  }
  const isBinary = value.dtype === 'binary' || value.dtype === 'ubinary';
  const length = isBinary ? value.dimensions / 8 : value.dimensions;
  const [arrow, polars, duckdb, numpy] = {
    float: ['float', 'Float32', 'FLOAT', 'float32'],
    int8: ['int8', 'Int8', 'TINYINT', 'int8'],
    uint8: ['uint8', 'UInt8', 'UTINYINT', 'uint8'],
  }[value.dtype === 'binary' ? 'int8' : value.dtype === 'ubinary' ? 'uint8' : value.dtype];
  return {
    'pyarrow of parquet': `fixed_size_list<element: ${arrow} not null>[${length}]`,
    'polars of parquet': `Array(${polars}, shape=(${length},))`,
    'duckdb of parquet': `${duckdb}[]`,
    'pandas of parquet': numpy!,
    'numpy of npy': numpy!,
    'safetensors of safetensors': `embeddings ${numpy}`,
  };
}
