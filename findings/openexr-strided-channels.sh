#!/usr/bin/env bash
# OpenEXR 3.5.3's Python module writes an array's memory and not the array: a transposed depth image is saved
# scrambled, without an error.
#
# Package:  OpenEXR 3.5.3 (its own Python module)
# Expected: OpenEXR.File(header, {"Z": pixels}).write(path) saves pixels[i, j] at row i and column j, whatever the
#           strides, or refuses arrays that are not C-contiguous (as it refuses another byte order).
# Seen:     a float32 image [[0, 1, 2], [3, 4, 5]] that is the transpose of a contiguous one is read back as
#           [[0, 3, 1], [4, 2, 5]]; every second column of a wider image as the first columns of its memory. float16
#           and uint32 the same. The file has the right shape and is valid.
# Matters:  depth and masks that come out of a renderer as (width, height), a channel taken from (h, w, c), or a
#           downsampled view depth[::2, ::2] are such arrays; the ground truth of a data set is then noise.
# Instead:  np.ascontiguousarray for every channel, and read one file back.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install OpenEXR==3.5.3 numpy==2.4.6
"$python" - "$work/image.exr" <<'PY'
import sys
from importlib.metadata import version

import numpy as np
import OpenEXR

HEADER = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
image = np.arange(6).reshape(2, 3)


def written(pixels):
    OpenEXR.File(HEADER, {"Z": pixels}).write(sys.argv[1])
    with OpenEXR.File(sys.argv[1]) as file:
        return file.channels()["Z"].pixels.tolist()


print("OpenEXR", version("OpenEXR"), "- expected", image.tolist())
results = []
for dtype in (np.float32, np.float16, np.uint32):
    plain = image.astype(dtype)
    views = [plain, np.ascontiguousarray(plain.T).T, np.repeat(plain, 2, axis=1)[:, ::2]]
    assert all(np.array_equal(view, plain) for view in views)
    results.append([written(view) for view in views])
    print(f"{dtype.__name__}: contiguous {results[-1][0]}, transposed {results[-1][1]}, strided {results[-1][2]}")
if any(result[0] != image.tolist() for result in results):
    raise SystemExit("changed: contiguous arrays come back otherwise")
if any(result[1:] != [[[0, 3, 1], [4, 2, 5]], [[0, 0, 1], [1, 2, 2]]] for result in results):
    raise SystemExit("changed: strides are honoured or refused")
print("holds: memory order")
PY
