"""Writes models/starter/hotvec-canary.json: the texts that the engine must reproduce before it serves.

    python scripts/make-canary.py test/fixtures/starter-golden.json models/starter/hotvec-canary.json

The vectors are those of starter-golden.json (transformers AutoModel, float32); nothing is computed here. Tolerance: the
graph is 2.4e-7 from the reference on the machine it was written on; other instruction sets sum in other orders.
"""

import json
import sys

golden = json.load(open(sys.argv[1]))
# A short English text, a Chinese one, and the longest.
chosen = [golden["texts"][0]]
chosen.append(next(text for text in golden["texts"] if any("\u4e00" <= c <= "\u9fff" for c in text["text"])))
chosen.append(max((t for t in golden["texts"] if len(t["ids"]) <= 128), key=lambda text: len(text["ids"])))
cases = [{key: text[key] for key in ("text", "ids", "vector")} for text in chosen]
with open(sys.argv[2], "w") as out:
    json.dump({"reference": golden["reference"], "tolerance": 1e-5, "cases": cases}, out, ensure_ascii=False, indent=1)
    out.write("\n")
