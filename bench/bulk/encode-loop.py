"""sentence-transformers on a file of texts, as one would write it: python … MODEL FILE.

Each line read is a turn: `sorted` for one call of encode() with batches of 32, which it sorts by length itself, `loop` for a call for every 32
texts. Answers with the seconds it took, and the processor seconds.
"""

import json
import sys
import time

from sentence_transformers import SentenceTransformer

model = SentenceTransformer(sys.argv[1], device="cpu", model_kwargs={"dtype": "float32"})
print("ready", flush=True)
for line in sys.stdin:
    way, file = line.split()
    with open(file) as lines:
        texts = [json.loads(text)["text"] for text in lines]
    start, before = time.perf_counter(), time.process_time()
    if way == "sorted":
        model.encode(texts, batch_size=32, normalize_embeddings=True)
    else:
        for i in range(0, len(texts), 32):
            model.encode(texts[i : i + 32], normalize_embeddings=True)
    print(time.perf_counter() - start, time.process_time() - before, flush=True)
