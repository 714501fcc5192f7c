#!/usr/bin/env bash
# onnxslim 0.1.98 takes the chance out of a model: two independent draws become one, or numbers that are written into
# the file.
#
# Package:  onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6
# Expected: "less operators, but same accuracy": the slimmed model computes what it did. Two nodes without a seed are
#           two draws, and other ones in every run (ONNX: where no seed is given, one is generated); ONNX Runtime's
#           own optimizers leave such nodes alone.
# Seen:     two RandomNormalLike nodes of one input become one: their difference, with a standard deviation of 1.4
#           before, is 0.0 for every number. Two RandomNormal nodes, whose shape is an attribute, become constants: both
#           are gone, and every run answers the same numbers. RandomUniform and RandomUniformLike alike. No warning.
# Matters:  an exported diffusion policy that draws in its graph (torch.randn_like is RandomNormalLike; DDPM adds new
#           noise in every step of the loop) uses one noise in all steps, or the same in every run; so do stochastic
#           policies. Shapes are right, actions plausible, of another distribution.
# Instead:  noise as an input of the model; or slim(model, skip_optimizations=["constant_folding",
#           "subexpression_elimination"]).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$python" - <<'PY'
import numpy as np
import onnx
import onnxruntime as ort
import onnxslim
from onnx import TensorProto, helper

X = np.zeros(1000, np.float32)
SKIPPED = ["constant_folding", "subexpression_elimination"]


def model(op):
    """x + a - b, with two draws a and b."""
    like = op.endswith("Like")
    nodes = [
        helper.make_node(op, ["x"] if like else [], [name], **({} if like else {"shape": [1000]}))
        for name in "ab"
    ]
    nodes += [helper.make_node("Sub", ["a", "b"], ["d"]), helper.make_node("Add", ["x", "d"], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1000]) for name in "xy")
    graph = helper.make_graph(nodes, "two_draws", [x], [y])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made, full_check=True)
    return made


def behaviour(made):
    """Draws in the file; the standard deviation of the answer; whether a second run is the same."""
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    draws = sum(node.op_type.startswith("Random") for node in made.graph.node)
    first, second = (session.run(None, {"x": X})[0] for _ in range(2))
    return draws, round(float(np.std(first)), 1), bool((first == second).all())


stated = {  # draws, spread, repeats: as it was, slimmed, slimmed without the two optimizations
    "RandomNormalLike": [(2, 1.4, False), (1, 0.0, True), (2, 1.4, False)],
    "RandomUniformLike": [(2, 0.4, False), (1, 0.0, True), (2, 0.4, False)],
    "RandomNormal": [(2, 1.4, False), (0, 1.4, True), (2, 1.4, False)],
    "RandomUniform": [(2, 0.4, False), (0, 0.4, True), (2, 0.4, False)],
}
for op, expected in stated.items():
    seen = [
        behaviour(model(op)),
        behaviour(onnxslim.slim(model(op))),
        behaviour(onnxslim.slim(model(op), skip_optimizations=SKIPPED)),
    ]
    print(op, *(f"{draws} draws, spread {spread}, repeats {same};" for draws, spread, same in seen))
    if seen != expected:
        raise SystemExit(f"changed: {op} {seen}")
print("holds: independent draws are merged, or frozen")
PY
