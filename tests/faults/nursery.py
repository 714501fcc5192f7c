"""Victims by the dozen: a parent that imported everything forks one for each kill.

A fresh interpreter would need seconds a kill. The parent opens no store: its threads would be lost.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

PROGRAM = """
import importlib, json, os, sys, traceback
import zarr  # What is imported lazily, else most kills would fall into its import.
import xsim_core.provenance, xsim_core.stage, xsim_core.storage.reader, xsim_core.storage.writer
xsim_core.provenance._git = lambda *_: None  # Spare each victim a call of git.
module, mouth = importlib.import_module(sys.argv[1]), int(sys.argv[2])
def say(word):
    os.write(mouth, word.encode() + b"\\n")
print("ready", flush=True)
while line := sys.stdin.readline():
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            say("done " + module.work(say=say, **json.loads(line)))
            code = 0
        except BaseException as error:
            traceback.print_exc()
            say("failed " + repr(error)[:200].replace("\\n", " "))
        finally:
            os._exit(code)
    print(pid, flush=True)
    sys.stdin.readline()  # Until now the number belongs to the victim, even a dead one.
    _, status = os.waitpid(pid, 0)
    print(int(os.WIFSIGNALED(status)), flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    killed: bool
    words: tuple[str, ...]
    """All that the victim said."""
    lived_s: float

    @property
    def promise(self):
        """The ref that the victim answered, if it got that far."""
        return next((w.split()[1] for w in self.words if w.startswith("done ")), None)

    @property
    def failure(self):
        return next((w for w in self.words if w.startswith("failed ")), None)


class Nursery:
    """``with Nursery("package.module") as nursery``; it has ``work(say, **args) -> str``."""

    def __init__(self, module):
        self.module = module

    def __enter__(self):
        self.ear, mouth = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, self.module, str(mouth)],
            pass_fds=[mouth],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        os.close(mouth)
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=20)
        os.close(self.ear)

    def run(self, *, kill_after_s=None, since="start", **args):
        """Let one victim work; kill it so long after it said ``since``, or let it finish."""
        self.heard = b""
        self._tell(json.dumps(args))
        pid, started = int(self.process.stdout.readline()), time.monotonic()
        final = ("done ", "failed ")
        self._listen(lambda words: any(w.startswith((since, *final)) for w in words))
        if kill_after_s is None:
            self._listen(lambda words: any(w.startswith(final) for w in words))
        else:
            time.sleep(kill_after_s)
            os.kill(pid, signal.SIGKILL)
        lived_s = time.monotonic() - started
        self._tell("bury it")
        killed = self.process.stdout.readline() == "1\n"
        self._listen(lambda _: False, patience_s=0)
        return Outcome(killed, tuple(self._words()), lived_s)

    def _tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _words(self):
        return self.heard.decode().split("\n")[:-1]

    def _listen(self, is_enough, patience_s=120):
        while not is_enough(self._words()):
            if not select.select([self.ear], [], [], patience_s)[0]:
                return
            self.heard += os.read(self.ear, 4096)
