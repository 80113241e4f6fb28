#!/usr/bin/env bash
# A good guess: the class PreTrainedTokenizerFast adds nothing of its own, so with it a tokenizer.json gives the ids that the
# tokenizers library gives for the file.
# What is true: transformers 4.57.6 overwrites `add_prefix_space` of a ByteLevel pre-tokenizer in tokenizer.json with that of
# tokenizer_config.json, or with `false` if it has none. The first word of a text gets a different id. transformers 5.24.0 keeps
# the value of the file.
# Source: tokenization_utils_fast.py of 4.57.6, end of PreTrainedTokenizerFast.__init__ (`self.add_prefix_space =
# kwargs.get("add_prefix_space", False)`); tokenization_utils_tokenizers.py of 5.24.0 has no such line.
# Prints versions and tokens; exits with 1 if that changes. Needs python3 and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import json, sys, warnings
warnings.filterwarnings("ignore")
import tokenizers, transformers
from tokenizers import Tokenizer, models, pre_tokenizers

folder, wanted = sys.argv[1], sys.argv[2]
alphabet = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
made = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
made.save(folder + "/tokenizer.json")
json.dump({"tokenizer_class": "PreTrainedTokenizerFast"}, open(folder + "/tokenizer_config.json", "w"))
by_file = Tokenizer.from_file(folder + "/tokenizer.json").encode("word").tokens
by_class = transformers.PreTrainedTokenizerFast.from_pretrained(folder).tokenize("word")
print("tokenizers", tokenizers.__version__, by_file)
print("transformers", transformers.__version__, by_class)
found = "kept" if by_class == by_file else "dropped"
print("the prefix space of the file is", found)
sys.exit(0 if found == wanted else 1)
PYTHON
for pair in 4.57.6:dropped 5.24.0:kept; do
  version=${pair%:*}
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "transformers==$version"
  mkdir "$folder/model-$version"
  HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/$version/bin/python" "$folder/show.py" "$folder/model-$version" "${pair#*:}" 2>/dev/null
done
