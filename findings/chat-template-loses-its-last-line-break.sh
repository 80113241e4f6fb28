#!/usr/bin/env bash
# A good guess: a chat template that ends in the suffix of Qwen3-Reranker's model card, `</think>` and two line breaks, gives a
# prompt that ends in two line breaks.
# What is true: Jinja drops one line break at the end of a template, and transformers 5.24.0 keeps it so. The prompt ends in one: in
# Qwen3's vocabulary the token 198 instead of 271, and the model is asked for its yes or no after another token. Other scores, no
# error. With three line breaks, or the two as an expression, the prompt is that of the model card.
# Source: chat_template_utils.py of transformers 5.24.0, _compile_jinja_template (no keep_trailing_newline); the test
# test_qwen3_reranker_with_chat_template of sentence-transformers writes three line breaks, vLLM's template
# examples/pooling/score/template/qwen3_reranker.jinja has two.
# Prints versions and ends of prompts; exits with 1 if that changes. Needs python3 and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import sys
import jinja2, transformers
from tokenizers import Tokenizer, models

tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
prompt = '{{ messages | map(attribute="content") | join(" ") }}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>'
messages = [{"role": "query", "content": "a"}, {"role": "document", "content": "a"}]
ends = {}
for name, end in {"two": "\n\n", "three": "\n\n\n", "an expression": '{{ "\\n\\n" }}'}.items():
    text = tokenizer.apply_chat_template(messages, chat_template=prompt + end, tokenize=False)
    ends[name] = text[text.rindex("</think>") :]
    print("transformers", transformers.__version__, "jinja2", jinja2.__version__, name + ":", repr(ends[name]))
wanted = {"two": "</think>\n", "three": "</think>\n\n", "an expression": "</think>\n\n"}
sys.exit(0 if ends == wanted else 1)
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet transformers==5.24.0 jinja2==3.1.6
TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" "$folder/show.py" 2>/dev/null
