#!/usr/bin/env bash
# A good guess: the two ways in which a Parquet schema says that a column holds small integers, `converted_type: UINT_8` and the newer
# `logical_type: INTEGER`, mean the same to a writer that takes both; readers see 8-bit integers.
# What is true: hyparquet-writer 0.17.0 writes the bit width of an INTEGER type as a 32-bit integer where the format has an 8-bit one.
# pyarrow 26.0.1 and DuckDB 2.0.1 cannot open the file, be the width 8, 16 or 32. polars 2.1.0 takes 8 bits for 16 and 16 for 32, as
# the zigzag code of 8 is 16, and refuses 32. hyparquet 1.31.5 reads what was meant, so a test that writes and reads with this pair
# of libraries is green. The converted type is written well.
# Source: hyparquet-writer's src/thrift.js, getCompactTypeForValue (an integer is I32); parquet.thrift of apache/parquet-format,
# `struct IntType { 1: required i8 bitWidth ...`.
# Prints versions and what each reader sees; exits with 1 if that changes. Needs python3, node, npm and registries; removes what it
# installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > write.mjs <<'NODE'
import { writeFileSync } from 'node:fs';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
const types = { converted: { converted_type: 'UINT_8' } };
for (const bitWidth of [8, 16, 32]) types[`integer-${bitWidth}`] = { logical_type: { type: 'INTEGER', bitWidth, isSigned: false } };
for (const [name, type] of Object.entries(types)) {
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'x', type: 'INT32', repetition_type: 'REQUIRED', ...type },
  ];
  const file = parquetWriteBuffer({ schema, columnData: [{ name: 'x', data: [1, 2, 3] }] });
  writeFileSync(`${name}.parquet`, Buffer.from(file));
  const { logical_type, converted_type } = parquetMetadata(file).schema[1];
  const values = (await parquetReadObjects({ file })).map(({ x }) => x);
  console.log(name, 'hyparquet:', logical_type ?? converted_type, values);
  if (String(values) !== '1,2,3' || logical_type?.bitWidth !== type.logical_type?.bitWidth) process.exitCode = 1;
}
NODE
cat > read.py <<'PYTHON'
import duckdb, polars, pyarrow, pyarrow.parquet, sys

readers = {
    "pyarrow": lambda name: str(pyarrow.parquet.read_table(name).schema.field("x").type),
    "DuckDB": lambda name: str(duckdb.sql(f"SELECT x FROM '{name}'").types[0]),
    "polars": lambda name: str(polars.read_parquet(name).schema["x"]),
}
print("pyarrow", pyarrow.__version__, "DuckDB", duckdb.__version__, "polars", polars.__version__)


def seen(reader, name):
    try:
        return readers[reader](name)
    except Exception as error:
        return str(error).strip()


unreadable = "TProtocolException: Invalid data"
wanted = {
    "converted": ["uint8", "UTINYINT", "UInt8"],
    "integer-8": [unreadable, unreadable, "UInt16"],
    "integer-16": [unreadable, unreadable, "UInt32"],
    "integer-32": [unreadable, unreadable, "Cannot annotate"],
}
same = True
for name, endings in wanted.items():
    for reader, ending in zip(readers, endings):
        found = seen(reader, f"{name}.parquet")
        print(f"{name} {reader}: {found}")
        same = same and ending in found
sys.exit(0 if same else 1)
PYTHON
npm install --silent --no-audit --no-fund hyparquet-writer@0.17.0 hyparquet@1.31.5 > npm.log
echo "hyparquet-writer 0.17.0, hyparquet 1.31.5"
node write.mjs
python3 -m venv venv
venv/bin/pip install --quiet pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0
venv/bin/python read.py
