"""The watcher of an inbox: when it scans, told by a real kernel."""

import itertools
import threading
import time
from contextlib import contextmanager

from flows.digests import LAST_SHARE
from flows.inbox.captures import Scanned
from flows.inbox.watch import Dues, watch
from tests.flows.inbox.test_inbox import a_capture
from tests.waiting import until
from xsim_core.errors import BadInputError, StoreUnreachableError

SETTLE_S = 0.6
LAST_S = SETTLE_S / LAST_SHARE
"""Of a capture whose ``capture.yaml`` came last."""


@contextmanager
def watched(inbox, scan, **how):
    """A watcher in a thread of its own; what ended it, if something did."""
    dues, ended = Dues(inbox, SETTLE_S), []

    def run():
        try:
            watch(inbox, dues, scan, **how)
        except BadInputError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ended
    finally:
        dues.stop()
        thread.join()


class Scans:
    """When scans were made, and which captures were whole by the inbox's rule at each."""

    def __init__(self, inbox):
        self.inbox, self.times = inbox, []

    def __call__(self):
        self.times.append(time.time())
        return Scanned(arrivals=(), refused={})

    def come_to(self, count):
        until(lambda: len(self.times) >= count)
        return self.times[count - 1]


def newest(folder):
    return max(p.stat().st_ctime for p in folder.rglob("*") if p.is_file())


def test_a_copied_capture_is_scanned_once_it_is_whole_and_not_before(tmp_path):
    inbox, scans = tmp_path / "inbox", Scans(tmp_path / "inbox")
    inbox.mkdir()
    with watched(inbox, scans):
        scans.come_to(1)
        writes = [time.time()]
        folder = a_capture(inbox / "take")
        # A file that grows for longer than the rule waits, after capture.yaml came.
        with (folder / "video" / "rgb" / "1.png").open("wb") as late:
            for _ in range(8):
                late.write(b"more")
                late.flush()
                writes.append(time.time())
                time.sleep(0.15)
        (folder / "video" / "rgb" / "2.png").write_bytes(b"x")
        writes.append(time.time())
        until(lambda: scans.times[-1] >= newest(folder) + SETTLE_S)
        time.sleep(2 * SETTLE_S)
    # Where the machine held the writer up for so long, it was whole in between by the rule.
    pauses = [b - a for a, b in zip(writes[:-2], writes[2:], strict=True)] + [0]
    stalls = sum(pause_s >= SETTLE_S for pause_s in pauses)
    # So it was, if what comes after capture.yaml was held up.
    assert len(scans.times) <= 2 + stalls + (writes[1] - writes[0] >= LAST_S)


def test_a_capture_that_is_moved_in_whole_is_scanned_at_once(tmp_path):
    inbox, scans = tmp_path / "inbox", Scans(tmp_path / "inbox")
    inbox.mkdir()
    folder = a_capture(tmp_path / "take")
    time.sleep(SETTLE_S)
    with watched(inbox, scans):
        scans.come_to(1)
        folder.rename(inbox / "take")
        scans.come_to(2)
        (inbox / "take").rename(inbox / "renamed")
        scans.come_to(3)


def test_folders_made_faster_than_they_are_told_do_not_end_what_tells(tmp_path):
    scans = Scans(tmp_path)
    with watched(tmp_path, scans):
        scans.come_to(1)
        for number in range(150):
            (tmp_path / f"{number}" / "video" / "rgb").mkdir(parents=True)
            time.sleep(0.002 * (number % 5))
        a_capture(tmp_path / "take")
        scans.come_to(2)


def test_one_capture_that_never_ends_does_not_hold_up_another(tmp_path):
    inbox, scans = tmp_path / "inbox", Scans(tmp_path / "inbox")
    inbox.mkdir()
    long = a_capture(inbox / "long")
    with watched(inbox, scans):
        scans.come_to(1)
        whole = a_capture(inbox / "whole")
        numbers = itertools.count()

        def is_scanned():
            (long / "video" / "rgb" / f"{next(numbers)}.png").write_bytes(b"x")
            return len(scans.times) > 1

        until(is_scanned)
    assert scans.times[1] - newest(whole) >= LAST_S


def test_a_scan_that_fails_is_made_again_and_what_was_arriving_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr("flows.inbox.watch.AGAIN_S", 0.1)
    inbox, made = tmp_path / "inbox", []
    a_capture(inbox / "take")

    def scan():
        made.append(time.time())
        if len(made) < 3:
            raise StoreUnreachableError("away")
        return Scanned(arrivals=(), refused={}, arriving=(str(inbox / "take"),)[: len(made) == 3])

    with watched(inbox, scan):
        until(lambda: len(made) >= 4)
    assert made[3] - newest(inbox / "take") >= LAST_S


def test_a_scan_is_made_each_minute_whatever_was_told(tmp_path):
    scans = Scans(tmp_path)
    with watched(tmp_path, scans, every_s=0.1):
        scans.come_to(4)


def test_an_inbox_that_goes_away_ends_the_watch_in_a_sentence(tmp_path):
    inbox, scans = tmp_path / "inbox", Scans(tmp_path / "inbox")
    inbox.mkdir()
    with watched(inbox, scans, every_s=0.1) as ended:
        scans.come_to(1)
        inbox.rename(tmp_path / "elsewhere")
        until(lambda: ended)
    assert str(inbox) in str(ended[0])
