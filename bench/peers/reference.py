"""Vectors of texts by transformers in PyTorch, float32, each text alone: python reference.py MODEL < TEXTS > REFERENCE.

TEXTS is a JSON array; REFERENCE has `vectors`, L2-normalized, the `tokens` of each text, and `versions`.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer

folder = Path(sys.argv[1])
modules = [module["type"].rsplit(".", 1)[-1] for module in json.loads((folder / "modules.json").read_text())]
if modules != ["Transformer", "Pooling", "Normalize"]:
    sys.exit(f"The reference is for models whose modules are Transformer, Pooling and Normalize; here: {', '.join(modules)}.")
pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
mode = [name for name, chosen in pooling.items() if name.startswith("pooling_mode_") and chosen]
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()
model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


def pool(states):
    if mode == ["pooling_mode_lasttoken"]:
        return states[-1]
    if mode == ["pooling_mode_cls_token"]:
        return states[0]
    if mode == ["pooling_mode_mean_tokens"]:
        return states.mean(0)
    sys.exit(f"The reference does not pool by {', '.join(mode)}.")


vectors, tokens = [], []
for text in json.load(sys.stdin):
    ids = tokenizer.encode(text).ids
    with torch.inference_mode():
        row = pool(model(input_ids=torch.tensor([ids])).last_hidden_state[0])
    vectors.append(torch.nn.functional.normalize(row, dim=0).tolist())
    tokens.append(len(ids))
versions = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"
json.dump({"vectors": vectors, "tokens": tokens, "versions": versions}, sys.stdout)
