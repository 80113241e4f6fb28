#!/usr/bin/env bash
# A good guess: a tokenizer that is saved and loaded again gives the ids that it gave before.
# What is true: in tokenizers 0.22.2 (the newest that transformers 4.57.6 accepts) an added token with `normalized=True` is
# compiled with the current normalizer and keeps that spelling when the normalizer is set later, as transformers 4 does for
# `do_lower_case` of BERT and sentence-transformers for `do_lower_case` of sentence_bert_config.json. Then the token is found
# in no text until the tokenizer is saved and loaded: the file is compiled again, and the same text gets different ids.
# tokenizers 0.23.3 recompiles added tokens when the normalizer is set.
# Source: the tokenizers package, setter of Tokenizer.normalizer.
# Prints versions and tokens; exits with 1 if that changes. Needs python3 and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import sys
import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "say": 1, "hello": 2}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer.add_tokens([AddedToken("<Name>", normalized=True)])
tokenizer.normalizer = normalizers.Lowercase()
text = "say <Name> hello"
before = tokenizer.encode(text).ids
after = Tokenizer.from_str(tokenizer.to_str()).encode(text).ids
print("tokenizers", tokenizers.__version__, before, "saved and loaded:", after)
found = "the same" if before == after else "others"
sys.exit(0 if found == sys.argv[1] else 1)
PYTHON
for pair in "0.22.2:others" "0.23.3:the same"; do
  version=${pair%%:*}
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "tokenizers==$version"
  "$folder/$version/bin/python" "$folder/show.py" "${pair#*:}"
done
