"""Our exporters beside each peer's own writer: the same rows, in turns, time and bytes.

``python -m tests.benchmarks.storage.bench_export --store STORE --ref episode_dataset/… --lerobot
PYTHON --robomimic PYTHON --diffusion_policy PYTHON --rlds PYTHON`` takes the first ``--episodes``
of a dataset; a peer whose interpreter is not named is left out. Ours reads and checks its rows from
the store, theirs has them in memory. One thread each (and FFmpeg nowhere). Prints JSON.
"""

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from tests.benchmarks import rounds as r
from tests.sim.fixtures import commit
from xsim_core.artifacts import ArtifactRef
from xsim_core.exporters import export_artifact
from xsim_core.storage import ArtifactStore

PEERS = {
    "lerobot": "lerobot",
    "robomimic": "robomimic",
    "robomimic_gzip": "robomimic",
    "diffusion_policy": "diffusion_policy",
    "rlds": "rlds",
}
"""Writer of a peer → our format, and whose interpreter."""
SCRIPT = Path(__file__).with_name("peer_writers.py")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLOSC_NTHREADS")


def shorter(asked, folder):
    """The first episodes as a dataset of their own, and the same rows for the peers."""
    given = ArtifactStore(asked.store).open(ArtifactRef.parse(asked.ref))
    ends = given.array("episode_ends")[: asked.episodes]
    n = int(ends[-1])
    numbers = ("observation.images.front", "observation.state", "action", "env_states")
    arrays = {name: np.array(given.array(name)[:n]) for name in numbers}
    arrays |= {"episode_ends": ends, "K": given.array("K")}
    arrays["T_world_cam"] = given.array("T_world_cam")[: len(ends)]
    count = {"num_episodes": len(ends), "num_steps": n}
    store = ArtifactStore((folder / "store").as_uri())
    ref = commit(store, given.summary.model_copy(update=count), arrays, name="short")
    rows = {"rgb": numbers[0], "state": numbers[1], "action": numbers[2]}
    np.savez(folder / "rows.npz", ends=ends, **{k: arrays[v] for k, v in rows.items()})
    return store, ref, n


def ours(store, ref, to, folder):
    """Our exporter as a candidate."""
    write = r.timed(lambda _k: export_artifact(store, ref, to, folder))

    def run(first, count):
        wall = cpu = 0.0
        for k in range(first, first + count):
            shutil.rmtree(folder, ignore_errors=True)
            one = write(k, 1)
            wall, cpu = wall + one[0], cpu + one[1]
        return wall, cpu

    return run


def megabytes(folder):
    files = [p for p in folder.rglob("*") if p.is_file()]
    return round(sum(p.stat().st_size for p in files) / 1e6, 3), len(files)


def beside(peer, to, python, given, folder, rounds):
    """One format, ours and theirs in turns."""
    store, ref, _ = given
    command = [python, "-P", str(SCRIPT), peer, str(folder / "rows.npz"), str(folder / peer)]
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment = kept | dict.fromkeys(ONE_THREAD, "1")
    environment |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    elsewhere = r.Elsewhere(command, environment)
    try:
        candidates = [
            r.Candidate("ours", ours(store, ref, to, folder / "ours" / to)),
            r.Candidate(peer, elsewhere.run),
        ]
        seconds = r.measure(candidates, rounds=rounds, slow_s=np.inf)
    finally:
        elsewhere.close()
    rows = r.table(seconds, peer=peer, by="cpu")
    print(r.text(rows, peer=peer, unit=f"dataset as {to}"))
    wall = np.nanquantile(seconds[peer][:, 0] / seconds["ours"][:, 0], [0.25, 0.5, 0.75])
    sizes = {"ours": megabytes(folder / "ours" / to), peer: megabytes(folder / peer)}
    return {"rows": rows, "wall_ratio_quartiles": wall.tolist(), "mb_and_files": sizes}


def main():
    asked = r.arguments(
        __doc__,
        store=("", "URL of a store"),
        ref=("", "an episode_dataset of it"),
        episodes=(20, "taken of it"),
        rounds=(9, "of each format"),
        **{name: ("", f"interpreter with {name}") for name in dict.fromkeys(PEERS.values())},
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        given = shorter(asked, folder)
        measured = partial(beside, given=given, folder=folder, rounds=asked.rounds)
        found = {}
        for peer, to in PEERS.items():
            if python := getattr(asked, to):
                found[peer] = measured(peer, to, python)
        told = {"episodes": asked.episodes, "frames": given[2]} | r.circumstances()
        r.publish({"circumstances": told, "beside": found}, asked.json)


if __name__ == "__main__":
    main()
