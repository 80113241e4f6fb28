#!/usr/bin/env bash
# A good guess: where ONNX Runtime fuses an Add and the LayerNormalization after it, as in each layer of BERT, the one operator is
# at least as fast as the two.
# What is true: on the CPU, in float32 and on one thread, SkipLayerNormalization of onnxruntime 1.32.0 takes six to nine times as
# long as Add and LayerNormalization of the same file with that fusion turned off (on two threads three to six). In 1.26.0 the
# fusion saves a little. The fused operator takes five or six times as long as it did then, while LayerNormalization is faster;
# in 1.28.0 LayerNormalization was the slow one, and the fused operator as fast as before.
# Source: seen (1.26.0, 1.28.0, 1.30.0, 1.31.1 and 1.32.0 on x86-64).
# Prints versions, operators, times and their ratio; exits with 1 if the fused operator is not slower by half in 1.32.0 in every
# shape, or is so in 1.26.0 in one. Needs python3 and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import os, sys, time
import numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

folder, wanted = sys.argv[1], sys.argv[2]


def model_of(width):
    tensor = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "tokens", width])
    weights = [numpy_helper.from_array(np.full(width, value, np.float32), name) for name, value in (("scale", 1), ("bias", 0))]
    nodes = [
        helper.make_node("Add", ["x", "residual"], ["sum"]),
        helper.make_node("LayerNormalization", ["sum", "scale", "bias"], ["normed"], axis=-1, epsilon=1e-12),
    ]
    graph = helper.make_graph(nodes, "norm", [tensor("x"), tensor("residual")], [tensor("normed")], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def session_of(model, disabled):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.optimized_model_filepath = os.path.join(folder, "optimized.onnx")
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"], disabled_optimizers=disabled)
    return session, " + ".join(node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node)


def seconds(session, feeds):
    start = time.perf_counter()
    session.run(None, feeds)
    return time.perf_counter() - start


print("onnxruntime", onnxruntime.__version__)
slower = []
for shape in ((1, 64, 384), (8, 64, 384), (4, 128, 768), (8, 128, 1024)):
    feeds = {name: np.random.default_rng(1).standard_normal(shape, np.float32) for name in ("x", "residual")}
    model = model_of(shape[-1])
    (fused, fused_names), (parts, parts_names) = session_of(model, []), session_of(model, ["SkipLayerNormFusion"])
    times = np.array([(seconds(fused, feeds), seconds(parts, feeds)) for _ in range(60)])
    of_fused, of_parts = times.min(0) * 1e6
    slower.append(of_fused / of_parts >= 1.5)
    print(f"{shape}: {fused_names} {of_fused:.0f} µs, {parts_names} {of_parts:.0f} µs, ratio {of_fused / of_parts:.2f}")
sys.exit(0 if (all(slower) if wanted == "slower" else not any(slower)) else 1)
PYTHON
for pair in 1.26.0:faster 1.32.0:slower; do
  version=${pair%:*}
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet "onnxruntime==$version" onnx==1.19.1 numpy==2.4.6
  "$folder/$version/bin/python" "$folder/show.py" "$folder" "${pair#*:}"
done
