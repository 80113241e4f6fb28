"""Make folders of encoders with random weights in the shapes of models that people use, for encoder-shapes.ts.

  python make-random-encoders.py FOLDER [NAME…]     all of them when no name is given; 8 GB

Each has the published config.json's sizes and weights of random numbers in float32. Made with Python 3.11, torch 2.15.0,
transformers 5.24.0.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers

TOKENIZER = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "encoders" / "bert-three-heads"


def base(**changes):
    sizes = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12, "intermediate_size": 3072}
    return sizes | changes


ROBERTA = {"max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
# The name of a published model, the class of its kind, and what its config.json says.
SHAPES = {
    "bge-base-en-v1.5": ("Bert", base(vocab_size=30522)),
    "multilingual-e5-base": ("XLMRoberta", base(vocab_size=250002, **ROBERTA)),
    "bge-m3": (
        "XLMRoberta",
        base(hidden_size=1024, num_attention_heads=16, num_hidden_layers=24, intermediate_size=4096)
        | ROBERTA
        | {"vocab_size": 250002, "max_position_embeddings": 8194},
    ),
    "all-mpnet-base-v2": ("MPNet", base(vocab_size=30527, max_position_embeddings=514, layer_norm_eps=1e-5)),
    "modernbert-base": ("ModernBert", base(vocab_size=50368, num_hidden_layers=22, intermediate_size=1152)),
    "nomic-embed-text-v1.5": ("NomicBert", base(vocab_size=30528, max_position_embeddings=2048)),
    "embeddinggemma-300m": (
        "Gemma3Text",
        {
            "vocab_size": 262144,
            "hidden_size": 768,
            "num_hidden_layers": 24,
            "num_attention_heads": 3,
            "num_key_value_heads": 1,
            "head_dim": 256,
            "query_pre_attn_scalar": 256,
            "intermediate_size": 1152,
            "max_position_embeddings": 2048,
            "sliding_window": 512,
            "use_bidirectional_attention": True,
        },
    ),
}


def main():
    target, *names = sys.argv[1:]
    for name in names or SHAPES:
        kind, sizes = SHAPES[name]
        torch.manual_seed(16)
        config = getattr(transformers, f"{kind}Config")(**sizes)
        folder = Path(target) / name
        getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(TOKENIZER / file, folder / file)
        print(folder, json.dumps(sizes))


if __name__ == "__main__":
    main()
