#!/usr/bin/env bash
# A good guess: model2vec writes a modules.json for sentence-transformers into its folders, so both give a text the same vector: the
# mean of its tokens' vectors.
# What is true: they do only while all words are known. model2vec 0.10.0 leaves unknown tokens out of the mean, and
# sentence-transformers 6.2.0 averages the vector of the unknown token like any other, without a warning. So one folder has two
# vectors for a text with a word, a character or a script that its vocabulary lacks; for a text of nothing else model2vec returns
# zeros, and sentence-transformers the vector of the unknown token, the same for all such texts.
# Source: model.py of model2vec 0.10.0, StaticModel.tokenize() (drops unk_token_id); static_embedding.py of sentence-transformers
# 6.2.0, StaticEmbedding.preprocess() (all ids).
# Prints versions and cosines; exits with 1 if that changes. Needs python3, a registry and 8 GB of disk (PyTorch); removes what it
# installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import importlib.metadata, sys
import numpy as np
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

folder = sys.argv[1]
words = ["[UNK]", "good", "coffee"]
made = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
made.normalizer, made.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
table = np.random.default_rng(1).standard_normal((len(words), 16), np.float32)
StaticModel(table, made, normalize=True).save_pretrained(folder)

by_model2vec = StaticModel.from_pretrained(folder).encode
by_sentence_transformers = SentenceTransformer(folder, device="cpu").encode
for package in ("model2vec", "sentence-transformers"):
    print(package, importlib.metadata.version(package))


def cosine(a, b):
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))


texts = ["good coffee", "good coffee Kyiv", "Kyiv"]
first, second = (encode(texts) for encode in (by_model2vec, by_sentence_transformers))
cosines = [cosine(a, b) for a, b in zip(first, second)]
for text, value in zip(texts, cosines):
    print(f"{text!r}: cosine of the two vectors {value:.4f}")
print("lengths of the last:", np.linalg.norm(first[2]), np.linalg.norm(second[2]))
left_out = np.allclose(first[0], first[1], atol=1e-6) and not first[2].any()
averaged = cosine(second[2], table[0]) > 0.9999
sys.exit(0 if cosines[0] > 0.9999 and cosines[1] < 0.99 and left_out and averaged else 1)
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet model2vec==0.10.0 sentence-transformers==6.2.0 transformers==5.24.0 torch==2.15.0
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" "$folder/show.py" "$folder/model" 2>/dev/null
