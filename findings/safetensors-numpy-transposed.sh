#!/usr/bin/env bash
# safetensors 0.8.0's NumPy side writes transposed and strided arrays scrambled, without an error.
#
# Package:  safetensors 0.8.0
# Expected: save(load(x)) == x for any float array; the PyTorch side refuses a non-contiguous tensor with "You
#           are trying to save a non contiguous tensor".
# Seen:     [[0, 3], [1, 4], [2, 5]], which is a .T, reads back as [[0, 1], [2, 3], [4, 5]]; a[:, ::2] reads
#           back as the first four numbers of a.
# Matters:  weights, camera matrices and statistics are transposed all the time (w.T, image.transpose(2, 0,
#           1)); the shape in the file is right, the numbers sit elsewhere.
# Instead:  np.ascontiguousarray(x) for every array before saving.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install safetensors==0.8.0 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from safetensors.numpy import load, save

a = np.arange(6.0).reshape(2, 3)
print("safetensors", version("safetensors"))
wrong = 0
for name, x in {"a.T": a.T, "a[:, ::2]": a[:, ::2]}.items():
    seen = load(save({"x": x}))["x"]
    print(f"{name}: expected {x.tolist()}\n{'':{len(name)}}  seen     {seen.tolist()}")
    wrong += seen.shape == x.shape and not np.array_equal(seen, x)
if wrong != 2:
    raise SystemExit("changed: such arrays are stored as they are, or refused")
again = load(save({"x": np.ascontiguousarray(a.T)}))["x"]
print("holds; after np.ascontiguousarray it is right:", np.array_equal(again, a.T))
PY
