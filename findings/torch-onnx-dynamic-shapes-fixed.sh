#!/usr/bin/env bash
# torch.onnx.export is asked for a dynamic batch, says that all went well, and writes a file for batches of two.
#
# Package:  torch 2.13.0, onnx 1.23.2, onnxscript 0.7.2, onnx-ir 1.1.0, onnxruntime 1.32.0 (numpy 2.4.6), on the CPU.
# Expected: dynamic_shapes is that of torch.export.export (the documentation of torch.onnx.export refers to
#           it), which raises UserError, "Constraints violated", where the code makes a dimension marked
#           as dynamic a constant. The old dynamic_axes is not recommended with dynamo=True, by a warning.
# Seen:     a module that asks len(x): torch.export.export raises; torch.onnx.export(dynamo=True) with the same
#           dynamic_shapes succeeds and its input is [2, 3], the example's; ONNX Runtime refuses five rows. With
#           dynamic_axes, which is not recommended, the input is [batch, 3] and five rows are answered.
# Matters:  a policy exported with an example of two rows cannot be asked for one: the file is found to be of no
#           use where it is deployed, not where it is written.
# Instead:  x.shape[0] in place of len(x); read the shapes of the file that was written, and run it with another
#           number of rows than the example's.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnx-ir==1.1.0 onnxruntime==1.32.0 numpy==2.4.6
"$python" -W ignore - "$work" <<'PY'
import sys

import numpy as np
import onnxruntime
import torch


class Plus(torch.nn.Module):
    def forward(self, x):
        return x + torch.full((len(x), 1), 1.0)


example = (torch.zeros(2, 3),)
shapes = ({0: torch.export.Dim("batch")},)
try:
    torch.export.export(Plus(), example, dynamic_shapes=shapes)
    seen = {"torch.export.export": "succeeds"}
except torch._dynamo.exc.UserError as error:
    seen = {"torch.export.export": str(error).split("!")[0]}
for name, given in (
    ("dynamic_shapes", {"dynamic_shapes": shapes}),
    ("dynamic_axes", {"dynamic_axes": {"x": {0: "batch"}}}),
):
    path = f"{sys.argv[1]}/{name}.onnx"
    torch.onnx.export(Plus().eval(), example, dynamo=True, input_names=["x"], verbose=False, **given).save(path)
    session = onnxruntime.InferenceSession(path)
    try:
        answer = list(session.run(None, {"x": np.zeros((5, 3), np.float32)})[0].shape)
    except Exception as error:
        answer = type(error).__name__
    seen[name] = (session.get_inputs()[0].shape, answer)
for name, what in seen.items():
    print(f"{name}: {what}")
stated = {
    "torch.export.export": "Constraints violated (batch)",
    "dynamic_shapes": ([2, 3], "InvalidArgument"),
    "dynamic_axes": (["batch", 3], [5, 3]),
}
if seen != stated:
    raise SystemExit(f"changed: {seen}")
print("holds: what torch.export.export refuses torch.onnx.export writes with a fixed batch")
PY
