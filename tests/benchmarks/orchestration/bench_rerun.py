"""The finished pipeline run again.

    python -m tests.benchmarks.orchestration.bench_rerun --home .xsim

X-Sim's eight stages (and three ingests) from a store that has everything, against ``dvc repro`` of
eight stages that made the same bytes and have nothing to do (``--dvc PYTHON``: the interpreter of
an environment with dvc). ``--home`` holds a finished ``make demo``. The S3 server is moto in a
process of its own, or ``XSIM_TEST_S3_ENDPOINT``.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from flows import pipeline
from flows.executors import InProcess
from flows.prefect_server.server import start_server, stop_server, use_server
from flows.records.recorder import Recorder
from flows.sources import find_sources
from tasks.engine.observer import Silent
from tests.benchmarks import rounds as r
from tests.benchmarks.servers import Transplant, export, s3_bucket
from xsim_core.presets import pipeline_config
from xsim_core.runs import RunRecord, load_record
from xsim_core.storage import ArtifactStore, Runtime

PEER = "dvc repro, a process"
GRAPH = {
    "scan": ["ingest_capture"], "splat": ["scan"], "pose_track": ["ingest_capture"],
    "ppo": ["splat", "pose_track"], "render_dataset": ["ppo", "splat", "pose_track"],
    "diffusion": ["render_dataset", "splat", "pose_track"],
    "deploy": ["diffusion", "splat", "pose_track"],
    "calibrate": ["diffusion", "render_dataset", "deploy", "splat", "pose_track"],
    "evaluate": ["ppo", "diffusion", "calibrate", "splat", "pose_track", "scan"],
}  # fmt: skip


def dvc_graph(python, folder, source, made):
    """Eight stages whose outputs are the run's payloads, made once."""
    export(source, made, folder / "payloads")
    stages = {}
    for name, parents in GRAPH.items():
        inputs = [
            "payloads/ingest_capture" if p.startswith("ingest") else f"out/{p}" for p in parents
        ]
        stages[name] = {
            "cmd": f"mkdir -p out && cp -r payloads/{name} out/{name}",
            "deps": inputs,
            "outs": [f"out/{name}"],
        }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    dvc = [python, "-m", "dvc"]
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    for command in (["init", "--no-scm", "-q"], ["repro", "-q"]):
        subprocess.run([*dvc, *command], cwd=folder, env=environment, check=True)
    return [*dvc, "repro", "-q"], environment


def without_prefect(url, capture):
    """The chain of calls in this process."""
    config, sources = pipeline_config("demo"), find_sources(capture)

    def work(_):
        store = ArtifactStore(url)
        recorder = Recorder(store, RunRecord(name="bench"))
        pipeline.whole_chain(InProcess(store, Runtime(), Silent(), recorder), config, sources)

    return r.timed(work)


def with_prefect(url, capture):
    """The flow in this process, its server another process."""

    def work(_):
        from flows.xsim import xsim

        os.environ["XSIM_STORE"] = url
        xsim(capture=str(capture), name="bench")

    return r.timed(work)


def candidates_of(asked, folder, capture, urls, closing):
    """X-Sim's ways to run it, each on every store; whole processes on the last one only."""
    home = folder / "home"
    os.environ |= {"XSIM_HOME": str(home)}
    closing.callback(stop_server, home)
    use_server(home, start_server(home))
    for where, url in urls.items():
        yield r.Candidate(f"X-Sim's calls, {where}", without_prefect(url, capture))
        yield r.Candidate(f"X-Sim's flow under Prefect, {where}", with_prefect(url, capture))
    if not asked.processes:
        return
    environment = os.environ | {"XSIM_STORE": url}
    xsim = [str(Path(sys.executable).with_name("xsim")), "run", str(capture), "--name", "bench"]
    for options in ([], ["--no-prefect"]):
        label = " ".join(["xsim run", *options, f"a process, {where}"])
        yield r.Candidate(label, r.as_process([*xsim, *options], environment, folder))


def main():
    asked = r.arguments(
        __doc__,
        home=(".xsim", "of a finished make demo"),
        run=("demo", "its name"),
        dvc=("", "interpreter with dvc"),
        rounds=(12, "rounds"),
        processes=(1, "0 leaves xsim's own processes out"),
    )
    home = Path(asked.home).absolute()
    source = ArtifactStore((home / "store").as_uri())
    made = load_record(source, asked.run).stages
    capture = home / "captures" / asked.run
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as closing:
        folder = Path(name)
        s3, server = closing.enter_context(s3_bucket("rerun"))
        urls = {"disk": (folder / "store").as_uri(), f"S3 ({server})": s3}
        for url in urls.values():
            call = Transplant(source, made, ArtifactStore(url))
            pipeline.whole_chain(call, pipeline_config("demo"), find_sources(capture))
        candidates = []
        if asked.dvc:
            graph = folder / "dvc"
            graph.mkdir()
            command, environment = dvc_graph(asked.dvc, graph, source, made)
            candidates.append(r.Candidate(PEER, r.as_process(command, environment, graph)))
            script = str(Path(__file__).with_name("peer_dvc.py"))
            inside = r.Elsewhere([asked.dvc, script, str(graph)], environment)
            closing.callback(inside.close)
            candidates.append(r.Candidate("dvc repro, without its start", inside.run))
        candidates += candidates_of(asked, folder, capture, urls, closing)
        seconds = r.measure(candidates, rounds=asked.rounds, most=1, slow_s=1.0, slow_every=3)
        shutil.rmtree(folder / "dvc", ignore_errors=True)
    peer = PEER if asked.dvc else candidates[0].name
    rows = r.table(seconds, peer=peer)
    print(r.text(rows, peer=peer, unit="rerun with nothing to do"))
    r.publish({"benchmark": "rerun", **r.circumstances(), "rows": rows}, asked.json)


if __name__ == "__main__":
    main()
