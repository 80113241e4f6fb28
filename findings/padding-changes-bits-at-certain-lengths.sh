#!/usr/bin/env bash
# A good guess for whoever batches texts: a causal attention gives a sequence the same bits alone and right-padded beside a longer
# one, or else, since kernels round by shape, other bits at most lengths. So a test of a few lengths tells which.
# What is true: GroupQueryAttention of onnxruntime 1.32.0 on the CPU gives the same bits at all lengths up to 300 but 129 and 257
# with heads of 64, and 65, 129, 193 and 257 with heads of 32. There only the last token's row differs, which is the one that
# last-token pooling and the logits of the next token read. These are the lengths at which a block of queries, here of twice the
# head size, holds that token alone; in a padded batch it shares its block with padding. In 1.26.0 no length differs.
# Source: seen; pull request 28962 of microsoft/onnxruntime has the operator compute in blocks.
# Prints versions, lengths and differences; exits with 1 if that changes. Needs python3 on x86-64 and a registry; removes what it
# installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import sys
import numpy as np, onnxruntime
from onnx import TensorProto, helper

LONGEST, HEADS = 300, 2


def attention_of(size):
    floats = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "slots", width])
    ints = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.INT32, shape)
    kept = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1, "slots", size]) for name in ("keys", "values")]
    node = helper.make_node(
        "GroupQueryAttention",
        ["q", "k", "v", "", "", "last", "total"],
        ["y", "keys", "values"],
        domain="com.microsoft",
        num_heads=HEADS,
        kv_num_heads=1,
    )
    inputs = [floats("q", HEADS * size), floats("k", size), floats("v", size), ints("last", ["batch"]), ints("total", [1])]
    graph = helper.make_graph([node], "attention", inputs, [floats("y", HEADS * size), *kept])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def run(q, k, v, lengths):
        last, total = np.array(lengths, np.int32) - 1, np.array([q.shape[1]], np.int32)
        return session.run(["y"], {"q": q, "k": k, "v": v, "last": last, "total": total})[0]

    return run


print("onnxruntime", onnxruntime.__version__)
found = []
for size in (32, 64):
    run, random, lengths, rows, largest = attention_of(size), np.random.default_rng(1), [], set(), 0.0
    for length in range(1, LONGEST + 1):
        beside = length + 40
        batch = [random.standard_normal((2, beside, heads * size), np.float32) for heads in (HEADS, 1, 1)]
        for tensor in batch:
            tensor[0, length:] = 0
        padded = run(*batch, [length, beside])[0, :length]
        alone = run(*(np.ascontiguousarray(tensor[:1, :length]) for tensor in batch), [length])[0]
        if not np.array_equal(padded, alone):
            lengths.append(length)
            rows |= {int(row) - length for row in np.nonzero((padded != alone).any(1))[0]}
            largest = max(largest, float(np.abs(padded - alone).max()))
    print(f"heads of {size}: lengths with other bits {lengths}, rows from the end {sorted(rows)}, by at most {largest:.1e}")
    found.append((lengths, rows))
in_blocks = [([65, 129, 193, 257], {-1}), ([129, 257], {-1})]
sys.exit(0 if found == (in_blocks if sys.argv[1] == "some" else [([], set())] * 2) else 1)
PYTHON
for pair in 1.26.0:none 1.32.0:some; do
  version=${pair%:*}
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "onnxruntime==$version" onnx==1.19.1 numpy==2.4.6
  "$folder/$version/bin/python" "$folder/show.py" "${pair#*:}"
done
