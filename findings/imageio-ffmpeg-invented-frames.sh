#!/usr/bin/env bash
# imageio's FFMPEG reader fills a variable-rate video up with copies: 30 frames for the 20 that were recorded,
# while its metadata says 20 a second.
#
# Package:  imageio 2.38.1, imageio-ffmpeg 0.8.1
# Expected: one array a stored frame, as PyAV decodes it and as imageio's own "pyav" plugin returns.
# Seen:     20 frames at 0-4, 10-14 and 20-29 thirtieths of a second come back as 30: frames 4 and 9 six times
#           each. immeta says fps 20.0 and duration 1.0.
# Matters:  RealSense, phone and webcam recordings skip frames in just this way; frame k is no longer the k-th
#           row of the timestamps or actions, and the doubles teach a policy to stand still.
# Instead:  PyAV with frame.time, or iio.imread(..., plugin="pyav"); compare the count with the log.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6
"$python" - <<'PY'
import os
import tempfile
from fractions import Fraction
from importlib.metadata import version

import av
import imageio.v3 as iio
import numpy as np

TICKS = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, *range(20, 30)]  # thirtieths of a second
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "camera.mp4")
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k, tick in enumerate(TICKS):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * k, np.uint8), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(path) as container:
        decoded = [round(frame.time * 30) for frame in container.decode(video=0)]
    plugin = len(iio.imread(path, plugin="pyav"))
    frames = iio.imread(path, plugin="FFMPEG")
    fps = iio.immeta(path, plugin="FFMPEG")["fps"]

which = (frames[:, 0, 0, 0] / 10).round().astype(int).tolist()
print("imageio", version("imageio"), "- imageio-ffmpeg", version("imageio-ffmpeg"))
print(f"expected: {len(decoded)} frames (PyAV; the pyav plugin: {plugin})")
print(f"seen:     {len(frames)} frames, fps {fps}; which was which: {which}")
if decoded != TICKS:
    raise SystemExit("changed: the file itself is another one")
if len(frames) == len(TICKS):
    raise SystemExit("changed: one array a stored frame")
print("holds:", len(frames) - len(TICKS), "frames that no camera took")
PY
