"""Each peer's own writer. Runs in that peer's environment and imports nothing of ours.

``lerobot|robomimic|diffusion_policy|rlds ROWS.npz FOLDER``: then, for each line ``first count`` on
standard input, write the rows ``count`` times, each time anew, and answer wall and CPU seconds.
Deleting what was written before is not timed.

``ROWS.npz``: ``rgb`` (n, h, w, 3) uint8, ``state`` (n, s), ``action`` (n, a), ``ends`` (e,).
"""

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np

FPS, TASK = 10, "push the block"


def episodes(rows):
    starts = [0, *rows["ends"][:-1].tolist()]
    return [slice(a, b) for a, b in zip(starts, rows["ends"].tolist(), strict=True)]


def lerobot(rows):
    """``create``, ``add_frame``, ``save_episode``, ``finalize``: PNG in Parquet."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    size = {name: rows[name].shape[1:] for name in ("rgb", "state", "action")}
    vectors = {"observation.state": size["state"], "action": size["action"]}
    axes = ["height", "width", "channels"]
    features = {
        "observation.images.front": {"dtype": "image", "shape": size["rgb"], "names": axes},
        **{k: {"dtype": "float32", "shape": v, "names": None} for k, v in vectors.items()},
    }

    def write(folder):
        made = LeRobotDataset.create("local/bench", FPS, features, root=folder, use_videos=False)
        for part in episodes(rows):
            for i in range(part.start, part.stop):
                frame = {"observation.images.front": rows["rgb"][i], "task": TASK}
                frame |= {"observation.state": rows["state"][i], "action": rows["action"][i]}
                made.add_frame(frame)
            made.save_episode()
        made.finalize()

    return write


def robomimic(rows):
    """As ``dataset_states_to_obs.py`` writes: observations and next ones, plain or with gzip."""
    import h5py

    def write(folder, compression=None):
        folder.mkdir()
        with h5py.File(folder / "demos.hdf5", "w") as file:
            data = file.create_group("data")
            for k, part in enumerate(episodes(rows)):
                demo = data.create_group(f"demo_{k}")
                n = part.stop - part.start
                demo.create_dataset("actions", data=rows["action"][part])
                last = (np.arange(n) == n - 1).astype(float)
                demo.create_dataset("rewards", data=last)
                demo.create_dataset("dones", data=last.astype(int))
                for name, of in (("front_image", rows["rgb"]), ("proprio", rows["state"])):
                    now = of[part]
                    after = np.concatenate([now[1:], now[-1:]])
                    how = {"compression": compression}
                    demo.create_dataset(f"obs/{name}", data=now, **how)
                    demo.create_dataset(f"next_obs/{name}", data=after, **how)
                demo.attrs["num_samples"] = n
            data.attrs["total"] = len(rows["action"])
            data.attrs["env_args"] = json.dumps({"env_name": "bench", "type": 2, "env_kwargs": {}})

    return write


def robomimic_gzip(rows):
    """The same with ``--compress``."""
    return lambda folder: robomimic(rows)(folder, "gzip")


def diffusion_policy(rows):
    """``ReplayBuffer.add_episode`` with its compressor for the disk."""
    import zarr
    from diffusion_policy.common.replay_buffer import ReplayBuffer

    names = {"img": "rgb", "state": "state", "action": "action"}

    def write(folder):
        folder.mkdir()
        store = zarr.DirectoryStore(str(folder / "replay_buffer.zarr"))
        made = ReplayBuffer.create_empty_zarr(storage=store)
        for part in episodes(rows):
            data = {ours: rows[name][part] for ours, name in names.items()}
            made.add_episode(data, compressors="disk")

    return write


def rlds(rows):
    """A ``GeneratorBasedBuilder``, as data sets of Open X-Embodiment are made."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    for kind in ("intra", "inter"):
        getattr(tf.config.threading, f"set_{kind}_op_parallelism_threads")(1)
    number = {"dtype": np.float32}
    shape = {name: rows[name].shape[1:] for name in ("rgb", "state", "action")}

    class Bench(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        pkg_dir_path = Path(__file__).parent

        def _info(self):
            image = tfds.features.Image(shape=shape["rgb"], encoding_format="png")
            state = tfds.features.Tensor(shape=shape["state"], **number)
            flags = dict.fromkeys(("is_first", "is_last", "is_terminal"), np.bool_)
            step = {
                "observation": {"image": image, "state": state},
                "action": tfds.features.Tensor(shape=shape["action"], **number),
                "reward": np.float32,
                "discount": np.float32,
                "language_instruction": tfds.features.Text(),
                **flags,
            }
            features = tfds.features.FeaturesDict({"steps": tfds.features.Dataset(step)})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for k, part in enumerate(episodes(rows)):
                yield k, {"steps": [_step(i, part) for i in range(part.start, part.stop)]}

    def _step(i, part):
        last = i == part.stop - 1
        return {
            "observation": {"image": rows["rgb"][i], "state": rows["state"][i]},
            "action": rows["action"][i],
            "reward": float(last),
            "discount": 1.0,
            "language_instruction": TASK,
            "is_first": i == part.start,
            "is_last": last,
            "is_terminal": last,
        }

    def write(folder):
        config = tfds.download.DownloadConfig(try_download_gcs=False)
        Bench(data_dir=str(folder)).download_and_prepare(download_config=config)

    return write


def main(which, rows_path, folder):
    with np.load(rows_path) as read:
        rows = dict(read)
    write = globals()[which](rows)
    ready, sys.stdout = sys.stdout, sys.stderr  # Progress bars are no answers.
    print("ready", file=ready, flush=True)
    for line in sys.stdin:
        _, count = (int(word) for word in line.split())
        wall = cpu = 0.0
        for _ in range(count):
            shutil.rmtree(folder, ignore_errors=True)
            began, began_cpu = time.perf_counter(), time.process_time()
            write(Path(folder))
            wall += time.perf_counter() - began
            cpu += time.process_time() - began_cpu
        print(json.dumps([wall, cpu]), file=ready, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
