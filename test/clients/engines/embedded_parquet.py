"""
make FILE ROWS: Parquet with ids and texts of all lengths, some of them equal.
check INPUT OUTPUT URL: each row of the input must be in the output once, with the vector that the server gives its text alone, to the bit.
"""
import base64
import json
import sys
import urllib.request

import numpy
import pyarrow
import pyarrow.parquet

WORDS = "vector token batch 北京 重力 engine text über naïve 😀 search the of and".split()


def make(file, rows):
    random = numpy.random.default_rng(7)
    texts = [" ".join(random.choice(WORDS, random.integers(1, 120))) for _ in range(rows)]
    texts[::50] = texts[1::50]
    table = pyarrow.table({"id": range(rows), "text": texts})
    pyarrow.parquet.write_table(table, file, row_group_size=max(rows // 8, 1))


def direct(url, texts):
    vectors = []
    # Others than those of the requests that are checked.
    for start in range(0, len(texts), 37):
        body = json.dumps({"input": texts[start : start + 37], "encoding_format": "base64"}).encode()
        request = urllib.request.Request(f"{url}/v1/embeddings", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            data = json.load(answer)["data"]
        vectors += [base64.b64decode(item["embedding"]) for item in data]
    return vectors


def check(source, result, url):
    wanted = pyarrow.parquet.read_table(source).to_pydict()
    got = pyarrow.parquet.read_table(result).sort_by("id").to_pydict()
    vectors = [numpy.asarray(vector, "<f4").tobytes() for vector in got["embedding"]]
    report = {
        "rows": len(got["id"]),
        "sameIds": got["id"] == wanted["id"],
        "sameTexts": got["text"] == wanted["text"],
        "otherVectors": sum(a != b for a, b in zip(vectors, direct(url, wanted["text"]))),
    }
    print(json.dumps(report))


command, *arguments = sys.argv[1:]
if command == "make":
    make(arguments[0], int(arguments[1]))
else:
    check(*arguments)
