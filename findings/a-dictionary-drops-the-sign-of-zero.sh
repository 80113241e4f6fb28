#!/usr/bin/env bash
# A good guess: a Parquet file keeps floats to the bit; how a column is encoded changes its size, not its values.
# What is true: hyparquet-writer 0.17.0 and DuckDB 1.5.5 look values up in the dictionary of a column by equality, to which -0 is 0.
# All zeros get the sign of the first one, also 0 that of -0. Both choose a dictionary by themselves where values repeat; hyparquet-writer
# keeps the signs with `encoding: 'PLAIN'`. DuckDB 2.0.1, pyarrow 26.0.1 (with a dictionary too) and polars 2.1.0 keep them.
# Source: hyparquet-writer's src/dictionary.js, useDictionary (keys of a Map); for DuckDB duckdb/duckdb issue 25781.
# Prints versions and signs of 1,000 zeros; exits with 1 if that changes. Needs python3, node, npm and registries; removes what it
# installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > write.mjs <<'NODE'
import { parquetWriteFile } from 'hyparquet-writer';
const zeros = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 0 : -0));
const write = (filename, data, encoding) => parquetWriteFile({ filename, columnData: [{ name: 'x', data, type: 'FLOAT', encoding }] });
write('found.parquet', zeros);
write('minus.parquet', zeros.map((zero) => -zero));
write('plain.parquet', zeros, 'PLAIN');
NODE
cat > write_duckdb.py <<'PYTHON'
import duckdb, sys

zeros = "SELECT CASE WHEN i % 2 = 0 THEN '0.0'::FLOAT ELSE '-0.0'::FLOAT END AS x FROM range(1000) rows(i) ORDER BY i"
duckdb.sql(f"COPY ({zeros}) TO '{sys.argv[1]}'")
PYTHON
cat > read.py <<'PYTHON'
import math, polars, pyarrow, pyarrow.parquet as parquet, sys

zeros = [0.0, -0.0] * 500
parquet.write_table(pyarrow.table({"x": pyarrow.array(zeros, pyarrow.float32())}), "pyarrow.parquet")
polars.DataFrame({"x": zeros}, schema={"x": polars.Float32}).write_parquet("polars.parquet")
files = {
    "hyparquet-writer 0.17.0, first is 0": ("found", 0, True),
    "hyparquet-writer 0.17.0, first is -0": ("minus", 1000, True),
    "hyparquet-writer 0.17.0, plain": ("plain", 500, False),
    "DuckDB 1.5.5": ("duckdb-1.5.5", 0, True),
    "DuckDB 2.0.1": ("duckdb-2.0.1", 500, True),
    f"pyarrow {pyarrow.__version__}": ("pyarrow", 500, True),
    f"polars {polars.__version__}": ("polars", 500, False),
}
same = True
for writer, (name, wanted, in_dictionary) in files.items():
    values = parquet.read_table(f"{name}.parquet")["x"].to_pylist()
    encodings = parquet.read_metadata(f"{name}.parquet").row_group(0).column(0).encodings
    negative = sum(math.copysign(1, value) < 0 for value in values)
    print(f"{writer}: {negative} of {len(values)} zeros are negative {encodings}")
    same = same and len(values) == 1000 and negative == wanted
    same = same and any("DICTIONARY" in encoding for encoding in encodings) == in_dictionary
sys.exit(0 if same else 1)
PYTHON
npm install --silent --no-audit --no-fund hyparquet-writer@0.17.0 > npm.log
node write.mjs
for version in 1.5.5 2.0.1; do
  python3 -m venv "duckdb-$version"
  "duckdb-$version/bin/pip" install --quiet "duckdb==$version"
  "duckdb-$version/bin/python" write_duckdb.py "duckdb-$version.parquet"
done
python3 -m venv venv
venv/bin/pip install --quiet pyarrow==26.0.1 polars==2.1.0
venv/bin/python read.py
