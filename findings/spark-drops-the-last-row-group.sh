#!/usr/bin/env bash
# A good guess: the footer of a Parquet file says where each column chunk lies, so their order within a row group does not matter:
# every reader sees all rows.
# What is true: pyspark 4.3.0 (parquet-java 1.17.0) silently drops the last row group if the first column of the schema does not lie
# first in it. A group is read by the task whose range of the file holds its middle; the middle is taken to be the place of the
# group's first column plus half of the group's size, which here lies beyond the end of the file, and thus in no task's range.
# `file_offset` of the group, which says where it starts, is not looked at. pyarrow 26.0.1, DuckDB 2.0.1 and polars 2.1.0 read all rows.
# Source: ParquetMetadataConverter.java of parquet-hadoop 1.17.0, filterFileMetaDataByMidpoint. That such a file is valid:
# README.md of apache/parquet-format ("There is no physical structure that is guaranteed for a row group"); parquet.thrift, RowGroup,
# orders the list of chunks in the footer only, and that list is in the order of the schema here.
# Prints versions, places and rows; exits with 1 if that changes. Needs Java 17, python3, node, npm and registries; removes what it
# installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > write.mjs <<'NODE'
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
const repetition_type = 'REQUIRED';
const schema = [
  { name: 'root', num_children: 2 },
  { name: 'id', type: 'INT32', repetition_type },
  { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type },
];
const rows = Array.from({ length: 1000 }, (_, i) => i);
const id = { name: 'id', data: rows };
const text = { name: 'text', data: rows.map((i) => `The text of row ${i}, which is longer than its id. `.repeat(2)) };
for (const groups of [1, 4]) {
  for (const first of ['id', 'text']) {
    const writer = new ParquetWriter({ writer: await fileWriter(`${groups}-${first}.parquet`), schema, codec: 'UNCOMPRESSED' });
    for (let i = 0; i < groups; i++) writer.write({ columnData: first === 'id' ? [id, text] : [text, id], rowGroupSize: 1000 });
    for (const group of writer.row_groups) {
      group.file_offset = group.columns[0].file_offset;
      if (first === 'text') group.columns.reverse();
    }
    await writer.finish();
  }
}
NODE
cat > read.py <<'PYTHON'
import duckdb, polars, pyarrow, pyarrow.parquet, pyspark, sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
java = spark.sparkContext._jvm.org.apache.parquet.Version.VERSION_NUMBER
print("pyspark", pyspark.__version__, "with parquet-java", java, "pyarrow", pyarrow.__version__, end=" ")
print("DuckDB", duckdb.__version__, "polars", polars.__version__)
same = True
for groups in 1, 4:
    for first in "id", "text":
        name = f"{groups}-{first}.parquet"
        group = pyarrow.parquet.read_metadata(name).row_group(groups - 1)
        places = {chunk.path_in_schema: chunk.data_page_offset for chunk in map(group.column, range(2))}
        ids = list(range(1000)) * groups
        table = pyarrow.parquet.read_table(name)
        table.validate(full=True)
        others = [table["id"].to_pylist(), polars.read_parquet(name)["id"].to_list()]
        others.append([id for (id,) in duckdb.sql(f"SELECT id FROM '{name}'").fetchall()])
        data = spark.read.parquet(name)
        found = [row.id for row in data.select("id").collect()]
        print(f"row groups: {groups}, the last at {places}: pyarrow {table.num_rows} rows, Spark {len(found)}")
        wanted = ids if first == "id" else ids[1000:]
        same = same and list(places) == ["id", "text"] and others == [ids] * 3
        same = same and found == wanted and data.count() == len(wanted)
spark.stop()
sys.exit(0 if same else 1)
PYTHON
npm install --silent --no-audit --no-fund hyparquet-writer@0.17.0 > npm.log
node write.mjs
python3 -m venv venv
venv/bin/pip install --quiet pyspark==4.3.0 pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0
SPARK_LOCAL_IP=127.0.0.1 venv/bin/python read.py 2> spark.log
