"""SIGKILL at random moments: what was committed stays whole, what was not is invisible."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.toys import TOY
from tests.faults.victim import NUM_RECIPES, config
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.collect import collect

# A parent that has imported everything, yet opened no store, forks each victim: a fresh interpreter
# would need two seconds a kill.
NURSERY = """
import os, signal, sys
from tests.faults.victim import NUM_RECIPES, config, make
from dataclasses import replace
from tests.contracts.toys import TOY
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
import xsim_core.stage
xsim_core.stage._git_commit = lambda: None  # Spare each victim a call of git.
while line := sys.stdin.readline():
    url, number = line.split()[0], int(line.split()[1])
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        store = ArtifactStore(url)
        os.write(w, b"+")
        ref = run_stage(replace(TOY, run=make), config(number), store, {})
        os.write(w, str(ref).encode())
        os._exit(0)
    os.close(w)
    os.read(r, 1)
    print(pid, flush=True)
    promise = b""
    while part := os.read(r, 4096):
        promise += part
    sys.stdin.readline()  # Until now the number belongs to the victim, even a dead one.
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    print(int(killed), promise.decode() or "-", flush=True)
"""


def campaign(folder, num_kills, seed):
    """Kill writers ``num_kills`` times.

    Returns:
        Counts of kills, of kills after which an artifact was there, and of artifacts that were
        promised or visible but not whole.
    """
    rng = random.Random(seed)
    url = (folder / f"store-{seed}").as_uri()
    store = ArtifactStore(url)
    counts = {"kills": 0, "committed": 0, "finished": 0, "bad": 0}
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ,
    )  # fmt: skip
    longest = 0.05
    while counts["kills"] < num_kills:
        number = rng.randrange(NUM_RECIPES)
        expected = output_ref(TOY, config(number), {})
        if counts["kills"] % 9 != 0:
            store.delete(expected)
        nursery.stdin.write(f"{url} {number}\n")
        nursery.stdin.flush()
        pid = int(nursery.stdout.readline())
        started = time.monotonic()
        time.sleep(rng.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
        nursery.stdin.write("wait for it\n")
        nursery.stdin.flush()
        killed, promise = nursery.stdout.readline().split()
        if killed == "1":
            counts["kills"] += 1
        else:
            counts["finished"] += 1
            longest = max(0.005, 0.95 * (time.monotonic() - started))
        longest = min(longest * 1.02, 0.3)
        there = store.manifest(expected) is not None
        counts["committed"] += there
        lost = promise != "-" and not there
        broken = [p for ref in store.list_refs() for p in store.verify(ref)]
        counts["bad"] += bool(lost or broken)
    nursery.communicate(timeout=20)
    for number in range(NUM_RECIPES):
        ref = run_stage(TOY, config(number), store, {})
        store.pin(f"p{number}", ref)
    collect(store, grace_s=0, dry_run=False)
    counts["bad"] += any(store.verify(ref) for ref in store.list_refs())
    attempts = {p.split("/")[2] for p, _, _ in store.list_objects("ground_truth/")}
    counts["orphans after gc"] = len(attempts - {"manifest.json"}) - NUM_RECIPES
    return counts


def test_a_few_kills(tmp_path):
    counts = campaign(tmp_path, 30, 0)
    print(counts)
    assert counts["kills"] >= 30
    assert counts["bad"] == 0
    assert counts["orphans after gc"] == 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_kills(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda seed: campaign(tmp_path, 500, seed), (1, 2)))
    total = {key: sum(r[key] for r in results) for key in results[0]}
    print(total)
    assert total["kills"] >= 1000
    assert total["bad"] == 0
    assert total["orphans after gc"] == 0
