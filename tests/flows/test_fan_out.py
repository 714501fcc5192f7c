"""``render_dataset`` spread over workers makes the artifact that it makes alone."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.render_dataset.test_render import LENIENT, make_teacher, payload, small_config
from tests.sim.fixtures import make_sim
from tests.waiting import PATIENCE_S
from xsim_core.artifacts import ArtifactRef, EpisodeShard
from xsim_core.stage import run_stage
from xsim_core.stages import RENDER_DATASET
from xsim_core.storage import ArtifactStore, Runtime
from xsim_core.storage.collect import collect

NUM_EPISODES = 5
SHARED = {"XSIM_RENDER_SHARDS": "2", "XSIM_WORKERS": "2"}


def inputs_in(folder):
    store = ArtifactStore((folder / "store").as_uri())
    teacher = make_teacher(store, folder / "world")
    return store, {"teacher": teacher, "sim": make_sim(store, **LENIENT)}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What the stage makes by itself, in one process."""
    store, refs = inputs_in(tmp_path_factory.mktemp("alone"))
    ref = run_stage(
        RENDER_DATASET, small_config(NUM_EPISODES), store, refs, runtime=Runtime(num_workers=0)
    )
    return str(ref), payload(store.manifest(ref))


def script(refs):
    texts = json.dumps({name: str(ref) for name, ref in refs.items()})
    return "-m", "tests.flows.scripts.fan_out_run", texts, str(NUM_EPISODES)


def spread(prefect_home, folder, python, *, runner="threads", processes=0):
    """Through Prefect in two shards: the store, the ref, and what the terminal showed."""
    store, refs = inputs_in(folder)
    done = python(
        prefect_home,
        *script(refs),
        timeout=280,
        XSIM_STORE=store.url,
        XSIM_TASK_RUNNER=runner,
        XSIM_STAGE_PROCESSES=str(processes),
        **SHARED,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(store.list_refs(EpisodeShard.kind)) == 2
    ref = ArtifactRef.parse(json.loads(done.stdout.splitlines()[-1])["ref"])
    return store, ref, done.stderr


@pytest.mark.vulkan
def test_threads_render_shards_and_the_stage_gathers_them(prefect_home, tmp_path, python):
    store, ref, said = spread(prefect_home, tmp_path, python)
    assert store.open(ref).summary.num_episodes == NUM_EPISODES
    assert "render_dataset   done" in said
    assert "shard" not in said
    # The script ends as a run that is killed: while its note stands, a sweep takes no shard.
    shards = {str(shard) for shard in store.list_refs(EpisodeShard.kind)}
    assert shards <= set(collect(store, grace_s=0).kept)
    store.delete_objects(store.list_records("runs/dataset"))
    assert shards.isdisjoint(collect(store, grace_s=0).kept)


@pytest.mark.slow
@pytest.mark.vulkan
@pytest.mark.parametrize("runner", ["threads", "dask", "ray"])
def test_every_runner_makes_the_same_bytes(alone, prefect_home, tmp_path, python, runner):
    if runner != "threads" and importlib.util.find_spec(f"prefect_{runner}") is None:
        pytest.skip(f"needs the extra: pip install '.[{runner}]'")
    store, ref, _ = spread(prefect_home, tmp_path, python, runner=runner, processes=1)
    assert (str(ref), payload(store.manifest(ref))) == alone


@pytest.mark.slow
@pytest.mark.vulkan
def test_ctrl_c_ends_every_shard(prefect_home, tmp_path):
    store, refs = inputs_in(tmp_path)
    process = subprocess.Popen(
        [sys.executable, *script(refs)],
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "XSIM_HOME": str(prefect_home), "XSIM_STORE": store.url, **SHARED},
        # A shell in the background hands SIGINT down as ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    me = psutil.Process(process.pid)

    def is_shard(child):
        try:
            return child.cmdline()[-1:] == ["render_shard"]
        except psutil.Error:
            return False

    try:
        while sum(map(is_shard, me.children())) < 2:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.05)
        everybody = me.children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode != 0
        _, alive = psutil.wait_procs(everybody, timeout=PATIENCE_S)
        assert not alive
        assert store.list_refs(EpisodeShard.kind) == []
    finally:
        process.kill()
        process.communicate()
