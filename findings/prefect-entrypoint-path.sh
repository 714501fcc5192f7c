#!/usr/bin/env bash
# Prefect 3.9.1 leaves the folder of a flow's file at the head of sys.path when it loads the flow by its entrypoint,
# so a neighbour of the flow is taken for a package of that name ever after.
#
# Package:  prefect 3.9.1
# Expected: what load_module beside it does: the path is as it was before once the flow is loaded ("Uses a lock to
#           safely modify sys.path for relative imports" says load_script_as_module, prefect/utilities/importtools.py).
# Seen:     after load_flow_from_entrypoint("jobs/nightly.py:nightly") sys.path begins with jobs/ and the working
#           folder, again with each further load; "import requests" in the flow then imports jobs/requests.py, though
#           nightly.py never asked for it and "python -c 'import jobs.nightly, requests'" takes the package.
# Matters:  workers load flows so. Whatever imports later (in the flow's process, or in one that it hands sys.path
#           on to) gets the neighbour: a module called requests, queue or stage beside a flow breaks libraries that
#           have nothing to do with it, on workers alone.
# Instead:  give neighbours of flows names that no package has, or clean sys.path at the flow's first line and before
#           handing it on.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install prefect==3.9.1 requests==2.32.5
mkdir "$work/place" "$work/place/jobs"
touch "$work/place/jobs/__init__.py"
echo 'NEIGHBOUR = True' >"$work/place/jobs/requests.py"
cat >"$work/place/jobs/nightly.py" <<'PY'
from prefect import flow


@flow
def nightly():
    import requests

    return requests.__file__
PY
cd "$work/place"
export PREFECT_HOME="$work/prefect" DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false
"$python" -P - <<'PY'
import sys
from importlib.metadata import version

from prefect.flows import load_flow_from_entrypoint

before = sys.path.copy()
flow = load_flow_from_entrypoint("jobs/nightly.py:nightly")
added = [p for p in sys.path[: len(sys.path) - len(before)]]
load_flow_from_entrypoint("jobs/nightly.py:nightly")
seen = [p.rpartition("/")[2] for p in added], len(sys.path) - len(before)
taken = flow.fn().rpartition("/place/")[2]
print("prefect", version("prefect"))
print("expected: sys.path as before, and requests from site-packages")
print(f"seen:     {seen[0]} at its head, {seen[1]} entries more after two loads; requests is {taken}")
if seen != (["jobs", "place"], 4) or taken != "jobs/requests.py":
    raise SystemExit("changed: the path is put back")
print("holds: the flow's neighbour is everybody's requests")
PY
