import os
import subprocess
import sys

import psutil

from flows.cli.processes import GRACE_S
from tests.processes import is_alive
from tests.waiting import PATIENCE_S, until

CODE = """
import subprocess, sys, time
from flows.cli.processes import descendants, end_descendants
sleep = [sys.executable, "-c", "import subprocess,sys,time; "
         "subprocess.Popen([sys.executable,'-c','import time; time.sleep(60)']); time.sleep(60)"]
child = subprocess.Popen(sleep)
apart = subprocess.Popen(sleep[:2] + ["import time; time.sleep(60)"], start_new_session=True)
while len(descendants()) < 2:
    time.sleep(0.05)
end_descendants()
while descendants():
    time.sleep(0.05)
print(child.wait() != 0, apart.poll())
apart.kill()
"""


def test_children_and_grandchildren_end_but_not_other_sessions():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "None"]


TRACKED = """
from multiprocessing import resource_tracker
import psutil
from flows.cli.processes import descendants, end_descendants
resource_tracker.ensure_running()
print(len(psutil.Process().children()), descendants())
end_descendants()
print(resource_tracker._resource_tracker._check_alive())
"""


def test_what_cleans_up_after_multiprocessing_is_left_to_end_by_itself():
    done = subprocess.run(
        [sys.executable, "-c", TRACKED], capture_output=True, text=True, check=True
    )
    # It is no descendant, so it is neither told to end nor waited for.
    assert done.stdout.split() == ["1", "[]", "True"]


REFUSED = """
import subprocess, sys, time
from flows.cli.main import main
older = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(0.1)
try:
    main(["show", "nothing/here", "--json"])
except SystemExit as left:
    print(left.code, older.poll())
older.kill()
"""


def test_a_command_ends_nothing_that_was_there_before_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", REFUSED],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"XSIM_HOME": str(tmp_path)},
    )
    assert done.stdout.split()[-2:] == ["1", "None"]


BUSY = """
import hashlib, signal, subprocess, sys
from flows.cli.main import _interrupt
from flows.cli.processes import leave_in_time
signal.signal(signal.SIGTERM, _interrupt)
leave_in_time()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)  # Half an hour in C.
"""


def test_sigterm_ends_a_process_that_is_deep_in_c_within_ten_seconds():
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True)
    child = int(process.stdout.readline())
    # It says who its child is just before it goes where no handler is heard.
    at_work = psutil.Process(process.pid)
    before_s = at_work.cpu_times().user
    until(lambda: at_work.cpu_times().user > before_s + 0.5)
    process.terminate()
    assert process.wait(timeout=PATIENCE_S) == 130
    assert GRACE_S < 10
    until(lambda: not is_alive(child))
    process.communicate()
