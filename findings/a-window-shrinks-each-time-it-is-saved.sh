#!/usr/bin/env bash
# A good guess: a model that is loaded and saved again, as fine-tuning does, stays the same model, and its config.json too.
# What is true: transformers 4.57.6 halves the `sliding_window` of a Gemma 3 with `use_bidirectional_attention`, as EmbeddingGemma
# is, when it reads it, because the number in config.json counts both sides, and saves the half as if it were the whole: 512, 257,
# 129, 65. Each round of saving and loading hides more of a text from its tokens. Shorter texts keep their vectors, so that a few
# sentences show nothing. transformers 5.24.0 saves the number that it read.
# Source: configuration_gemma3.py of 4.57.6, Gemma3TextConfig.__init__ (`self.sliding_window // 2`, saved as it is); that of 5.24.0
# has a to_dict() that turns it back.
# Prints versions, windows and the largest change of a hidden state; exits with 1 if that changes. Needs python3, a registry and
# 8 GB of disk (PyTorch); removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import json, sys
import torch, transformers
from transformers import Gemma3TextConfig, Gemma3TextModel

folder, wanted = sys.argv[1], json.loads(sys.argv[2])
torch.manual_seed(1)
sizes = {"hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16}
layers = {"num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"], "initializer_range": 0.5}
config = Gemma3TextConfig(vocab_size=50, **sizes, **layers, use_bidirectional_attention=True, sliding_window=512)
model = Gemma3TextModel(config).eval()
texts = {length: torch.randint(50, (1, length)) for length in (100, 200)}


@torch.no_grad()
def states():
    return {length: model(input_ids=ids).last_hidden_state for length, ids in texts.items()}


print("transformers", transformers.__version__, "torch", torch.__version__)
before, windows, changed = states(), [512], []
for saves in (1, 2, 3):
    model.save_pretrained(folder)
    with open(folder + "/config.json") as file:
        windows.append(json.load(file)["sliding_window"])
    model = Gemma3TextModel.from_pretrained(folder).eval()
    changes = {length: float((state - before[length]).abs().max()) for length, state in states().items()}
    changed.append([length for length, change in changes.items() if change > 1e-3])
    print(f"saved {saves}: sliding_window {windows[-1]}, changes by tokens of a text {changes}")
sys.exit(0 if [windows, changed] == wanted else 1)
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet transformers==4.57.6 torch==2.15.0
"$folder/venv/bin/pip" install --quiet --target "$folder/version-5" transformers==5.24.0 2>/dev/null
show() {
  PYTHONPATH=$1 HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" "$folder/show.py" "$folder/model" "$2" 2>/dev/null
}
show "" "[[512, 257, 129, 65], [[200], [100, 200], [100, 200]]]"
show "$folder/version-5" "[[512, 512, 512, 512], [[], [], []]]"
