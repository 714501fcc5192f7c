"""A film's times are FFmpeg's, whatever the two processes do to each other."""

import subprocess
import sys
import tempfile

from xsim_core.importers.lerobot.films import _Lines

NUM_FRAMES = 3_000
LINE = "[Parsed_showinfo_0 @ 0x1] n:%4d pts: 0 pts_time:%g duration:1 fmt:yuv420p s:64x48 i:P\\n"
# As FFmpeg: unbuffered, on the very open file that its parent reads.
WRITER = f"""
import os, time
for i in range({NUM_FRAMES}):
    os.write(2, ("{LINE}" % (i, i / 10)).encode())
    time.sleep(1e-5)
"""


def test_reading_while_it_is_written_loses_no_line():
    with tempfile.TemporaryFile() as said:
        lines = _Lines(said)
        with subprocess.Popen([sys.executable, "-P", "-c", WRITER], stderr=said) as writer:
            while writer.poll() is None:
                lines.time_of(NUM_FRAMES)
        times = [lines.time_of(i) for i in range(NUM_FRAMES)]
    assert times == [i / 10 for i in range(NUM_FRAMES)]


def test_after_a_missing_line_no_time_is_taken_for_another_frames():
    with tempfile.TemporaryFile() as said:
        for i in (0, 1, 3, 4):
            said.write((LINE % (i, i / 10)).replace("\\n", "\n").encode())
        said.flush()
        lines = _Lines(said)
        assert [lines.time_of(i) for i in range(4)] == [0.0, 0.1, None, None]
