"""DVC's side of the rerun. Runs in DVC's own environment: for each line on standard input, one
``dvc repro`` inside this process, without its start; answers wall and CPU seconds.
"""

import json
import os
import sys
import time

from dvc.repo import Repo

os.chdir(sys.argv[1])  # noqa: TID251 DVC looks for its repository here
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # DVC's own words.
print("ready", file=answers, flush=True)
for line in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(int(line.split()[1])):
        with Repo() as repo:
            assert repo.reproduce() == []
    spent = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps(spent), file=answers, flush=True)
