#!/usr/bin/env bash
# A good guess: the tokenizers library cuts two texts in the same way in all its languages: `longest_first` leaves the odd token to
# the text that was longer.
# What is true: tokenizers 0.23.2 for Node.js leaves it to the second text where both have more tokens than there is room for;
# 0.22.2 and 0.23.3 for Python leave it to the longer one. A score of a cross-encoder differs with it.
# Source: seen; tokenizers/src/utils/truncation.rs (`swap` in LongestFirst) says what Python does. hotvec cuts by itself
# (src/tasks/reranking/cut-pair.ts).
# Prints versions and what is left of 7 and 6 tokens in a room of 3; exits with 1 if that changes. Needs python3, node, npm and
# registries; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > tokenizer.json <<'JSON'
{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"Whitespace"},
"post_processor":null,"decoder":null,"model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}}
JSON
cat > cut.mjs <<'NODE'
import { Tokenizer } from 'tokenizers';
const tokenizer = Tokenizer.fromFile('tokenizer.json');
tokenizer.setTruncation(3);
const ids = (await tokenizer.encode('a '.repeat(7), 'b '.repeat(6))).getIds();
console.log(ids.filter((id) => id === 0).length, ids.filter((id) => id === 1).length);
NODE
cat > cut.py <<'PYTHON'
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.enable_truncation(3)
ids = tokenizer.encode("a " * 7, "b " * 6).ids
print(ids.count(0), ids.count(1))
PYTHON
status=0
expect() {
  echo "tokenizers $1: $2 of the first, which is longer, and of the second"
  [ "$2" = "$3" ] || status=1
}
npm install --silent --no-audit --no-fund tokenizers@0.23.2 > npm.log
expect "0.23.2 for Node.js" "$(node cut.mjs)" "1 2"
for version in 0.22.2 0.23.3; do
  python3 -m venv "$version"
  "$version/bin/pip" install --quiet "tokenizers==$version"
  expect "$version for Python" "$("$version/bin/python" cut.py)" "2 1"
done
exit $status
