"""
Reads results of hotvec with the tools that people read them with, and prints one line of JSON: for each file and tool the
vectors, the ids and what the tool says of the column's type.

    python read_results.py FOLDER KEPT

KEPT is the Parquet file whose columns were kept in `kinds.parquet`.
"""

import json
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas
import polars
import pyarrow.parquet as pq
from safetensors import safe_open

report = {}
source = pq.read_table(sys.argv[2])
for file in sorted(Path(sys.argv[1]).iterdir()):
    name = file.name
    if name.endswith(".parquet"):
        table = pq.read_table(file)
        column = table.column_names[-1]
        report[f"{name} pyarrow"] = {
            "type": str(table.schema.field(column).type),
            "types": {field.name: str(field.type) for field in table.schema},
            "values": table[column].to_pylist(),
            "ids": table["id"].to_pylist(),
            "model": (table.schema.metadata or {}).get(b"hotvec.model", b"").decode(),
        }
        if name == "kinds.parquet":
            kept = [field for field in table.column_names if field in source.column_names]
            # By their text: it tells -0.0 from 0.0.
            changed = [field for field in kept if repr(table[field].to_pylist()) != repr(source[field].to_pylist())]
            report[f"{name} pyarrow"]["changed"] = changed
        frame = polars.read_parquet(file)
        report[f"{name} polars"] = {
            "type": str(frame.schema[column]),
            "values": frame[column].to_list(),
            "ids": frame["id"].to_list(),
        }
        rows = duckdb.sql(f"select id, {column} from read_parquet('{file}')")
        fetched = rows.fetchall()
        report[f"{name} duckdb"] = {
            "type": str(rows.types[1]),
            "values": [list(value) if isinstance(value, (list, tuple)) else value for _, value in fetched],
            "ids": [row_id for row_id, _ in fetched],
        }
        pandas_frame = pandas.read_parquet(file)
        report[f"{name} pandas"] = {
            "type": str(np.asarray(pandas_frame[column][0]).dtype),
            "values": [value.tolist() if isinstance(value, np.ndarray) else value for value in pandas_frame[column]],
            "ids": pandas_frame["id"].tolist(),
        }
    elif name.endswith(".npy"):
        array = np.load(file, mmap_mode="r")
        lines = file.with_suffix(".rows.jsonl").read_text("utf-8").splitlines()
        report[f"{name} numpy"] = {
            "type": str(array.dtype),
            "values": array.tolist(),
            "ids": [json.loads(line)["id"] for line in lines],
        }
    elif name.endswith(".safetensors"):
        with safe_open(file, "np") as tensors:
            [value] = [key for key in tensors.keys() if key != "rows"]
            array = tensors.get_tensor(value)
            lines = tensors.get_tensor("rows").tobytes().decode().splitlines()
            report[f"{name} safetensors"] = {
                "type": f"{value} {array.dtype}",
                "values": array.tolist(),
                "ids": [json.loads(line)["id"] for line in lines],
                "model": tensors.metadata()["hotvec.model"],
            }

json.dump(report, sys.stdout)
