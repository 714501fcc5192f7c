"""xsim_core/scratch.py: a name holds its old content or its new one, whoever is killed when."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from tests.waiting import PATIENCE_S
from xsim_core import scratch
from xsim_core.files.cache import made_once


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_what_was_written_is_read_back_and_leaves_nothing_beside(tmp_path):
    arrays = {"net/a": np.arange(6).reshape(2, 3), "one": 7, "empty": np.zeros((0, 3), np.float32)}
    scratch.write_arrays(tmp_path / "below" / "state.npz", arrays)
    found = scratch.read_arrays(tmp_path / "below" / "state.npz")
    assert found is not None
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == np.asarray(values).dtype
    scratch.write_text(tmp_path / "below" / "page.html", "± 3 µm")
    assert (tmp_path / "below" / "page.html").read_bytes().decode() == "± 3 µm"
    assert names(tmp_path / "below") == ["page.html", "state.npz"]


def test_a_writer_that_fails_leaves_the_old_content(tmp_path):
    path = tmp_path / "state.npz"
    scratch.write_arrays(path, {"a": np.ones(3)})
    with pytest.raises(ValueError, match="Object arrays"):
        scratch.write_arrays(path, {"a": np.array([object()])})
    with pytest.raises(TypeError), scratch.written(path) as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    found = scratch.read_arrays(path)
    assert found is not None
    np.testing.assert_array_equal(found["a"], np.ones(3))
    assert names(tmp_path) == ["state.npz"]


def test_a_device_or_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Is no plain file"):
        scratch.write_text(tmp_path / "pipe", "x")
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_cut_short_anywhere_reads_as_none_and_is_said(tmp_path, caplog):
    path = tmp_path / "state.npz"
    scratch.write_arrays(path, {"a": np.arange(40), "b": 7})
    data = path.read_bytes()
    for left in range(len(data)):
        path.write_bytes(data[:left])
        assert scratch.read_arrays(path) is None, left
    assert "state.npz" in caplog.text
    assert scratch.read_arrays(tmp_path / "none.npz") is None


def test_changed_bytes_are_noticed_or_do_not_matter(tmp_path):
    path, values = tmp_path / "state.npz", np.arange(40)
    scratch.write_arrays(path, {"a": values})
    data = path.read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        found = scratch.read_arrays(path)
        if found:
            np.testing.assert_array_equal(found.get("a", values), values)


def test_a_file_that_may_not_be_read_is_no_damage(tmp_path):
    with pytest.raises(IsADirectoryError):
        scratch.read_arrays(tmp_path)


def test_readers_never_see_half_while_many_write(tmp_path):
    path = tmp_path / "state.npz"
    scratch.write_arrays(path, {"a": np.full(20_000, -1)})

    def write(k):
        scratch.write_arrays(path, {"a": np.full(20_000, k)})

    with ThreadPoolExecutor(4) as writers:
        done = [writers.submit(write, k) for k in range(60)]
        while not all(d.done() for d in done):
            found = scratch.read_arrays(path)
            assert found is not None
            assert len(np.unique(found["a"])) == 1
    assert names(tmp_path) == ["state.npz"]


WRITER = """
import sys, time
from pathlib import Path
from xsim_core.scratch import written
with written(Path(sys.argv[1])) as file:
    file.write(b"half"); file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_changes_nothing_and_its_draft_goes_after_an_hour(tmp_path):
    path = tmp_path / "model.bin"
    scratch.write_bytes(path, b"whole")
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "writing\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert path.read_bytes() == b"whole"
    (draft,) = tmp_path.glob(f".model.bin.*{scratch.DRAFT_SUFFIX}")
    scratch.remove_stale_drafts(tmp_path)
    assert draft.exists()  # It may be another process's that is still at work.
    os.utime(draft, (0, time.time() - scratch.ABANDONED_S - 60))
    scratch.remove_stale_drafts(tmp_path)
    assert names(tmp_path) == ["model.bin"]


def test_the_first_write_of_a_process_to_a_folder_sweeps_it(tmp_path):
    folder, file, growing = (tmp_path / f".{name}.0123456789ab.draft" for name in "abd")
    not_ours = tmp_path / ".letter.draft"
    for at in (folder, growing):
        (at / "below").mkdir(parents=True)
        (at / "below" / "piece").touch()
    file.touch()
    not_ours.touch()
    for path in (*folder.rglob("*"), folder, file, growing / "below", growing, not_ours):
        os.utime(path, (0, time.time() - scratch.ABANDONED_S - 60))
    scratch.write_bytes(tmp_path / "c", b"")
    # A file in `growing` is still written.
    assert names(tmp_path) == [growing.name, ".letter.draft", "c"]


def test_a_folder_made_by_two_at_once_is_whole_and_made_once_is_kept(tmp_path):
    made, both = [], Barrier(2)

    def make(draft: Path):
        (draft / "first").write_text("1")
        both.wait(PATIENCE_S)
        (draft / "second").write_text("2")
        made.append(draft)

    with ThreadPoolExecutor(2) as workers:
        folders = list(workers.map(lambda _: made_once(tmp_path / "robot", make), range(2)))
    assert folders == [tmp_path / "robot"] * 2
    assert names(tmp_path / "robot") == ["first", "second"]
    made_once(tmp_path / "robot", make)
    assert len(made) == 2
    assert names(tmp_path) == ["robot"]


def test_a_folder_whose_making_fails_is_not_there(tmp_path):
    def make(draft: Path):
        (draft / "first").write_text("1")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        made_once(tmp_path / "robot", make)
    assert names(tmp_path) == []
