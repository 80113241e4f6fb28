"""Writes models/starter/hotvec-canary.json: the texts that the engine must reproduce before it serves.

    python scripts/make-canary.py test/fixtures/starter-golden.json models/starter

The vectors are those of starter-golden.json (transformers AutoModel, float32); nothing is computed here. Tolerance: the
graph is 2.4e-7 from the reference on the machine it was written on; other instruction sets sum in other orders.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

folder = Path(sys.argv[2])
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
golden = json.load(open(sys.argv[1]))
# A short English text, a Chinese one, and the longest.
chosen = [golden["texts"][0]]
chosen.append(next(text for text in golden["texts"] if any("\u4e00" <= c <= "\u9fff" for c in text["text"])))
chosen.append(max((t for t in golden["texts"] if len(t["ids"]) <= 128), key=lambda text: len(text["ids"])))
cases = [{key: text[key] for key in ("text", "ids", "vector")} for text in chosen]

# Two queries against two documents, as the model card of Qwen3-Embedding shows them.
matrix = golden["similarity"]
scored = [golden["query_prompt"] + query for query in matrix["queries"][:2]] + matrix["documents"][:2]
first = len(cases)
cases += [{"text": text, "ids": tokenizer.encode(text).ids, "vector": []} for text in scored]
scores = {
    "queries": [first, first + 1],
    "documents": [first + 2, first + 3],
    "cosines": [row[:2] for row in matrix["scores"][:2]],
    "tolerance": 1e-5,
    "halfPrecisionTolerance": 5e-3,
}

canary = {"reference": golden["reference"], "tolerance": 1e-5, "cases": cases, "scores": scores}
with open(folder / "hotvec-canary.json", "w") as out:
    json.dump(canary, out, ensure_ascii=False, indent=1)
    out.write("\n")
