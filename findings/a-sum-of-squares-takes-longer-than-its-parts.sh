#!/usr/bin/env bash
# A good guess: ONNX Runtime's ReduceSumSquare, ReduceL1 and ReduceL2, which read a matrix once and write a number for each row, take
# less time than Mul (or Abs), which writes a whole matrix, and ReduceSum or ReduceMean after it.
# What is true: on the CPU, in float32 and on one thread, over the last axis of 256 x 3072, each of the three takes at least 1.5 times as long
# as the two operators that compute the same. ReduceSum, ReduceMean, ReduceMax and ReduceMin have ways of their own for such an axis;
# these three have not.
# Source: seen (onnxruntime 1.30.0 and 1.32.0 on x86-64).
# Prints version, operators, times and their ratio; exits with 1 if one of the three is not slower by that much, or computes
# something else. Needs python3 and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import sys, time
import numpy as np, onnxruntime
from onnx import TensorProto, helper, numpy_helper


def session_of(*operators):
    """operators: (type, extra inputs) in turn, each fed with what the one before gave."""
    nodes, value = [], "x"
    for i, (kind, again) in enumerate(operators):
        inputs = [value] + (["axis"] if kind.startswith("Reduce") else [value] if again else [])
        value = "y" if i == len(operators) - 1 else f"v{i}"
        nodes.append(helper.make_node(kind, inputs, [value], **({"keepdims": 0} if kind.startswith("Reduce") else {})))
    tensor = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    axis = numpy_helper.from_array(np.array([-1], np.int64), "axis")
    graph = helper.make_graph(nodes, "rows", [tensor("x", ["rows", "columns"])], [tensor("y", ["rows"])], [axis])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def best(session, feed):
    times = []
    for _ in range(60):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return min(times)


x = np.random.default_rng(1).standard_normal((256, 3072), dtype=np.float32)
feed = {"x": x}
held = True
print("onnxruntime", onnxruntime.__version__)
for one, parts in (
    ("ReduceSumSquare", [("Mul", True), ("ReduceSum", False)]),
    ("ReduceL1", [("Abs", False), ("ReduceSum", False)]),
    ("ReduceL2", [("Mul", True), ("ReduceSum", False), ("Sqrt", False)]),
):
    alone, apart = session_of((one, False)), session_of(*parts)
    same = np.allclose(alone.run(None, feed)[0], apart.run(None, feed)[0], rtol=1e-4)
    ratio = best(alone, feed) / best(apart, feed)
    print(f"{one}: {1e6 * best(alone, feed):.0f} us, {' + '.join(kind for kind, _ in parts)}: {1e6 * best(apart, feed):.0f} us; {ratio:.1f} times")
    held = held and same and ratio > 1.5
sys.exit(0 if held else 1)
PYTHON
python3 -m venv "$folder/environment"
for version in 1.30.0 1.32.0; do
  "$folder/environment/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==$version" onnx==1.23.2 numpy==2.2.6
  "$folder/environment/bin/python" "$folder/show.py"
done
