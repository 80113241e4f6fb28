#!/usr/bin/env bash
# A good guess: sentence-transformers' CrossEncoder, which loads a Qwen3-Reranker without a chat template and takes its "yes" and
# "no" for the score, also tells the model which text is the query and which the document.
# What is true: sentence-transformers 6.2.0 joins the two texts with nothing between, without a warning: no instruction, no mark, not
# even a space. Two pairs that are the same text in a row have the same score. With the ordinary chat template of a Qwen3 model it
# raises an error; with one for the roles `query` and `document` it reads what the template says.
# Then, too, the rendered text is tokenized in one piece: what looks like a special token in a query or a document becomes that token.
# Source: cross_encoder/model.py of 6.2.0, _load_default_modules (text-generation, LogitScore); base/modules/transformer.py,
# _call_single_modality_processor (the tokenizer is given the two texts) and _apply_chat_template.
# Prints versions and what is read; exits with 1 if that changes. Needs python3, a registry and 8 GB of disk (PyTorch); removes
# what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import sys
import sentence_transformers, torch, transformers
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

folder = sys.argv[1]
words = sorted(pre_tokenizers.ByteLevel.alphabet()) + ["yes", "no", "<|endoftext|>"]
made = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=[]))
made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<|endoftext|>").save_pretrained(folder)
torch.manual_seed(1)
sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "head_dim": 16, "initializer_range": 0.5}
config = transformers.Qwen3Config(vocab_size=len(words), num_attention_heads=2, num_key_value_heads=1, **sizes)
transformers.Qwen3ForCausalLM(config).save_pretrained(folder)

model = CrossEncoder(folder, device="cpu")
read = model.tokenizer.decode(model.preprocess([["Explain gravity", "An apple falls."]])["input_ids"][0])
pairs = [["Explain gravity", "An apple falls."], ["Explain grav", "ityAn apple falls."], ["Explain gravity", "Two apples."]]
scores = [float(model.predict([pair])[0]) for pair in pairs]
print("sentence-transformers", sentence_transformers.__version__, "transformers", transformers.__version__)
print("reads", repr(read))
print("scores", scores)
sys.exit(0 if read == "Explain gravityAn apple falls." and scores[0] == scores[1] != scores[2] else 1)
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sentence-transformers==6.2.0 transformers==5.24.0 torch==2.15.0
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" "$folder/show.py" "$folder/model" 2>/dev/null
