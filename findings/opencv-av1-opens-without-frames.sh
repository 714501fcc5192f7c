#!/usr/bin/env bash
# OpenCV 5.0 opens an AV1 film, tells its size, rate and number of frames, and then gives none of them.
#
# Package:  opencv-python-headless 5.0.0.93 (numpy 2.4.6); the film is made by imageio-ffmpeg 0.8.1's FFmpeg.
# Expected: a film that OpenCV cannot decode is not opened: the documentation has isOpened() asked after
#           VideoCapture(path), and read() answer False at the end of the file
#           (the tutorial "Getting Started with Videos"). So a loop of read() until False takes all frames.
# Seen:     isOpened() True, CAP_PROP_FRAME_COUNT 30, 128x96, fourcc av01; the first read() is False. The same
#           film in H.264 gives 30 frames. The wheel's FFmpeg has no software decoder for AV1; it says so on
#           standard error alone.
# Matters:  AV1 is what LeRobot writes for its datasets: the usual loop over such a film is over at once, with
#           no exception, and what is built of its frames is empty.
# Instead:  decode with PyAV, torchcodec or the ffmpeg of imageio-ffmpeg; compare the number of frames that
#           were read with CAP_PROP_FRAME_COUNT.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==5.0.0.93 imageio-ffmpeg==0.8.1 numpy==2.4.6
"$python" - "$work" <<'PY'
import subprocess
import sys

import cv2
import imageio_ffmpeg
import numpy as np

ramp = np.arange(128, dtype=np.uint8)
frames = np.stack([np.broadcast_to(np.roll(ramp, i)[None, :, None], (96, 128, 3)) for i in range(30)])
ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
seen = {}
for codec in ("libsvtav1", "libx264"):
    path = f"{sys.argv[1]}/{codec}.mp4"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x96", "-r", "10", "-i", "-"]
    coded = ["-c:v", codec, "-pix_fmt", "yuv420p", path]
    subprocess.run([ffmpeg, "-y", "-loglevel", "error", *raw, *coded], input=frames.tobytes(), check=True,
                   stderr=subprocess.DEVNULL)
    film = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    told = film.isOpened(), int(film.get(cv2.CAP_PROP_FRAME_COUNT)), int(film.get(cv2.CAP_PROP_FRAME_WIDTH))
    read = 0
    while film.read()[0]:
        read += 1
    seen[codec] = (*told, read)
    print(f"{codec}: opened {told[0]}, frames told {told[1]}, width {told[2]}, frames read {read}")
if seen != {"libsvtav1": (True, 30, 128, 0), "libx264": (True, 30, 128, 30)}:
    raise SystemExit(f"changed: {seen}")
print("holds: an AV1 film is opened, told to have 30 frames, and read as none")
PY
