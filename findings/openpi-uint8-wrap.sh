#!/usr/bin/env bash
# openpi-client 0.1.2's convert_to_uint8 wraps what lies just outside 0..1: -0.01 becomes 254, 1.01 becomes 1.
#
# Package:  openpi-client 0.1.2
# Expected: "Converts an image to uint8 if it is a float image": values a hair outside [0, 1] are clipped, as
#           skimage and torchvision's savers do.
# Seen:     [-0.01, 0, 0.5, 1, 1.01] gives [254, 0, 127, 255, 1].
# Matters:  bicubic or antialiased resizing and normalising back overshoot by a percent at every edge, so
#           black edges turn white and highlights black, only in the images that the policy server gets.
# Instead:  np.clip(image, 0, 1) before it (and round: 0.5 gives 127).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install openpi-client==0.1.2 numpy==1.26.4
"$python" - <<'PY'
import warnings

warnings.filterwarnings("ignore")
from importlib.metadata import version

import numpy as np
from openpi_client.image_tools import convert_to_uint8

given = np.array([-0.01, 0.0, 0.5, 1.0, 1.01], np.float32)
seen = convert_to_uint8(given)
print("openpi-client", version("openpi-client"))
print("given:   ", given.tolist())
print("expected: [0, 0, 127 or 128, 255, 255]")
print("seen:    ", seen.tolist())
if seen[0] < 200 or seen[-1] > 50:
    raise SystemExit("changed: values are clipped now")
print("holds: black turns white, white turns black")
PY
