#!/usr/bin/env bash
# gsplat 1.5.3 exports no Gaussian at all if the opacity of one is NaN: a file with a sound header and 0 splats,
# without a word.
#
# Package:  gsplat 1.5.3, torch 2.13.0 on the CPU, jaxtyping 0.3.11, numpy 2.4.6
# Expected: export_splats checks for NaN and infinity and, as its own comment says, filters out the invalid
#           entries; a NaN in means, scales, quats or sh0 takes away one Gaussian.
# Seen:     of 1000 Gaussians one NaN in means, scales, quats, sh0 or shN leaves 999; one NaN or infinity in
#           opacities leaves 0 (any(dim=0) of a vector is one answer for all); the other formats stop at an
#           IndexError of torch.min instead.
# Matters:  one Gaussian of a million is enough for a kept file that is empty, found when somebody opens it; an
#           opacity of exactly 1, as in a model made from a mesh, has an infinite logit and does the same.
# Instead:  mask first: keep = torch.isfinite(opacities); clamp opacities below 1 before their logit is taken.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install torch==2.13.0 numpy==2.4.6 jaxtyping==0.3.11
pip_install --no-deps gsplat==1.5.3
"$python" -W ignore - "$work" <<'PY'
import importlib.util
import re
import sys
from importlib.metadata import version

import torch

# The module by itself: importing gsplat would look for a CUDA compiler, which exporting does not need.
path = next(iter(importlib.util.find_spec("gsplat").submodule_search_locations)) + "/exporter.py"
spec = importlib.util.spec_from_file_location("exporter", path)
exporter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exporter)


def count(changed, value):
    n = 1000
    model = {
        "means": torch.rand(n, 3), "scales": torch.full((n, 3), -4.0), "quats": torch.rand(n, 4) + 0.1,
        "opacities": torch.zeros(n), "sh0": torch.rand(n, 1, 3), "shN": torch.rand(n, 3, 3),
    }
    if changed:
        model[changed][7] = value
    data = exporter.export_splats(**model, format="ply")
    return int(re.search(rb"element vertex (\d+)", data)[1])


nan, inf = float("nan"), float("inf")
seen = {
    (name, value): count(name, value)
    for name, value in [
        (None, 0.0), ("means", nan), ("scales", nan), ("quats", nan), ("sh0", nan), ("shN", nan),
        ("opacities", nan), ("opacities", inf),
    ]
}
print("gsplat", version("gsplat"))
for key, left in seen.items():
    print(*key, "->", left)
for (name, _), left in seen.items():
    if left != {None: 1000, "opacities": 0}.get(name, 999):
        raise SystemExit(f"changed: {name} leaves {left}")
opaque = torch.logit(torch.tensor([0.5, 1.0]))
if not torch.isinf(opaque[1]):
    raise SystemExit("changed: the logit of 1 is finite")
print("holds: one bad opacity empties the file")
PY
