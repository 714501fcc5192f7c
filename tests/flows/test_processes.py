import subprocess
import sys

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
print(len(descendants()), child.wait(timeout=5) != 0, apart.poll())
apart.kill()
"""


def test_children_and_grandchildren_end_but_not_other_sessions():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True", "None"]
