"""Scan inboxes on the real server, as a script: prints how many runs each step made, as JSON."""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import yaml

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

from prefect.client.orchestration import get_client  # noqa: E402
from prefect.states import Completed, Crashed  # noqa: E402

from flows.inbox.captures import announce, arrivals  # noqa: E402
from flows.inbox.scan_inbox import scan_inbox  # noqa: E402
from xsim_core.capture import IngestConfig  # noqa: E402

NAME = "inbox-toy/new-video"
inbox = Path(sys.argv[1])


def make_capture(name: str, seed: int) -> Path:
    folder = inbox / name
    (folder / "video" / "rgb").mkdir(parents=True)
    (folder / "video" / "rgb" / "0.png").write_bytes(bytes([seed]))
    board = {"T_world_board": np.eye(4).tolist()}
    text = {
        "name": name,
        "object_name": "block",
        "video": "video",
        "board": board,
        "init_box_xyxy": [1, 1, 9, 9],
    }
    (folder / "capture.yaml").write_text(yaml.safe_dump(text))
    return folder


def runs():
    query = {"flows": {"name": {"any_": ["inbox-toy"]}}, "limit": 200}
    return client.request("POST", "/flow_runs/filter", json=query).json()


def scan():
    return scan_inbox(inbox=str(inbox), deployment=NAME, preset="debug", settle_s=0)


client = get_client(sync_client=True).__enter__()
flow_id = client.create_flow_from_name("inbox-toy")
client.create_deployment(flow_id=flow_id, name="new-video", enforce_parameter_schema=False)
found = {}

first = make_capture("Küche 1", 200)
patient = scan_inbox(inbox=str(inbox), deployment=NAME, preset="debug", settle_s=600)
found["while it arrives"] = [len(runs()), len(patient["arriving"])]
scan()
scan()
found["the same twice"] = len(runs())

shutil.copytree(first, inbox / "copy")
(inbox / "copy" / "capture.yaml").write_bytes((first / "capture.yaml").read_bytes())
scan()
found["under another name"] = len(runs())

for i in range(9):
    make_capture(f"new-{i}", i)
(inbox / "arriving").mkdir()
(inbox / "broken").mkdir()
(inbox / "broken" / "capture.yaml").write_text("name: x")
with ThreadPoolExecutor(2) as pool:
    both = list(pool.map(lambda _: scan(), range(2)))
found["ten, by two scans at once"] = len(runs())
found["refused"] = list(both[0]["refused"].values())

store = settings.open_store()
known = sorted(arrivals(store).values(), key=lambda a: a.folder)
done, *dead = known[:2]
client.set_flow_run_state(done.flow_run, Completed(), force=True)
for _ in range(3):
    died = [a for a in arrivals(store).values() if a.digest == dead[0].digest]
    client.set_flow_run_state(died[0].flow_run, Crashed(), force=True)
    scan()
found["after a death three times"] = len(runs())
found["phases"] = [arrivals(store)[a.digest].phase for a in known[:3]]

outside = make_capture("../elsewhere", 99)
announce(store, IngestConfig.from_folder(outside))
scan()
found["announced"] = len(runs())
found["names"] = sorted(r["name"] for r in runs())[:2]
json.dump(found, sys.stdout)
