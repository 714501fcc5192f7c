#!/usr/bin/env bash
# PyAV 18.1.0 scales depth between 16 and 12 bits instead of keeping it: 2500 mm in a lossless 12-bit stream comes
# back as 2496 or 40009.
#
# Package:  av 18.1.0 (with its FFmpeg)
# Expected: gray12le holds 0 to 4095, so depth up to 4.095 m fits; FFV1 is lossless; a frame of gray16le that is
#           encoded into a stream of pix_fmt gray12le keeps its values or is refused, and
#           to_ndarray(format="gray16le") of a gray12le frame gives the same numbers in uint16.
# Seen:     the conversion is one of brightness: 16 bits to 12 divides by 16, 12 to 16 multiplies by 65535 / 4095.
#           Given as gray16le and asked for as gray16le, [0, 1, 100, 1000, 2500, 4095] come back as [0, 0, 96, 1008,
#           2496, 4097], other pixels of 2500 as 2512 (it dithers); given as gray12le and asked for as gray16le, 2500
#           is 40009. encode() converts by itself. gray12le on both sides keeps the values.
# Matters:  12 bits are what HEVC offers and enough for a depth camera's four metres; steps of 16 mm look like the
#           sensor's own, and a factor of 16 like another depth unit.
# Instead:  name the stream's own format on both sides: VideoFrame.from_ndarray(depth, format="gray12le") and
#           to_ndarray() without a format; or FFV1 with gray16le, which is exact. Decode one frame and compare.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install av==18.1.0 numpy==2.4.6
"$python" - "$work/depth.mkv" <<'PY'
import sys

import av
import numpy as np

VALUES = [0, 1, 100, 1000, 2500, 4095]
DEPTH = np.tile(np.array(VALUES, np.uint16), (32, 16))


def through(stream_format, given, asked):
    with av.open(sys.argv[1], "w") as out:
        stream = out.add_stream("ffv1", rate=30)
        stream.height, stream.width = DEPTH.shape
        stream.pix_fmt = stream_format
        for frame in (av.VideoFrame.from_ndarray(DEPTH, format=given), None):
            out.mux(stream.encode(frame))
    with av.open(sys.argv[1]) as film:
        frame = next(film.decode(video=0))
        assert frame.format.name == stream_format
        return frame.to_ndarray(format=asked)


seen = {
    name: through(*name.split())
    for name in (
        "gray16le gray16le gray16le",
        "gray12le gray12le gray12le",
        "gray12le gray16le gray16le",
        "gray12le gray12le gray16le",
    )
}
print("av", av.__version__, "- expected", VALUES)
for name, image in seen.items():
    print("stream {}, given as {}, asked for as {}: ".format(*name.split()), image[0, :6].tolist())
plain, twelve, sixteen, widened = seen.values()
if not np.array_equal(plain, DEPTH) or not np.array_equal(twelve, DEPTH):
    raise SystemExit("changed: one format on both sides does not keep them either")
error, factor = np.abs(sixteen.astype(int) - DEPTH), widened[DEPTH > 0] / DEPTH[DEPTH > 0]
print("by way of 12 bits: off by up to", error.max(), "mm; widened: times", factor.mean().round(3))
if not error.any() or (widened == DEPTH).all():
    raise SystemExit("changed: the values are kept")
if not 8 <= error.max() <= 16 or np.abs(factor - 16).max() > 0.1:
    raise SystemExit("changed: it is converted otherwise")
print("holds: rescaled")
PY
