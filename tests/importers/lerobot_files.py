"""Small LeRobot datasets as that package writes them, and changes to their files."""

import io
import json
import subprocess
from itertools import pairwise

import imageio_ffmpeg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

TOP, WRIST = "observation.images.top", "observation.images.wrist"
JOINTS = ["pan.pos", "lift.pos", "gripper.pos"]
LENGTHS = (7, 5, 6)
FPS = 10


def smooth_frames(n, h=48, w=64, *, seed=0):
    """(n, h, w, 3): a picture that slides, as a codec keeps it."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    picture = np.array(small.resize((w, h), Image.Resampling.BICUBIC))
    return np.stack([np.roll(picture, 2 * i, axis=1) for i in range(n)])


def write_film(path, frames, *, codec="libsvtav1", fps=FPS, more=()):
    """As LeRobot encodes: AV1, a key frame in two, quality 30."""
    path.parent.mkdir(parents=True, exist_ok=True)
    h, w = frames.shape[1:3]
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-y",
        "-loglevel",
        "error",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{w}x{h}",
        "-r",
        str(fps),
        "-i",
        "-",
        "-c:v",
        codec,
        "-g",
        "2",
        "-crf",
        "30",
        "-pix_fmt",
        "yuv420p",
        *more,
        str(path),
    ]
    subprocess.run(command, input=frames.tobytes(), check=True, capture_output=True)


def write_lerobot(
    folder, *, version="v3.0", cameras=(TOP,), films=True, texts=("pick the cube",), codec="libx264"
):
    """A dataset of three episodes; answers its arrays by feature."""
    n = sum(LENGTHS)
    rng = np.random.default_rng(1)
    frames = {c: smooth_frames(n, seed=i) for i, c in enumerate(cameras)}
    state = rng.normal(0, 30, (n, 3)).astype(np.float32)
    action = rng.normal(0, 30, (n, 3)).astype(np.float32)
    bounds = np.cumsum((0, *LENGTHS))
    episode = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    frame = np.concatenate([np.arange(k) for k in LENGTHS])
    columns = {
        "observation.state": pa.array(state.tolist(), pa.list_(pa.float32(), 3)),
        "action": pa.array(action.tolist(), pa.list_(pa.float32(), 3)),
        "next.reward": pa.array(np.zeros(n, np.float32)),
        "timestamp": pa.array((frame / FPS).astype(np.float32)),
        "frame_index": pa.array(frame),
        "episode_index": pa.array(episode),
        "index": pa.array(np.arange(n)),
        "task_index": pa.array(np.minimum(episode, len(texts) - 1)),
    }
    if not films:
        columns |= {c: _png_column(of) for c, of in frames.items()}
    table = pa.table(columns)
    old = version == "v2.1"
    for i, (a, b) in enumerate(pairwise(bounds)):
        if old:
            path = folder / f"data/chunk-000/episode_{i:06d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table.slice(a, b - a), path)
        for c in cameras if films and old else ():
            film = folder / f"videos/chunk-000/{c}/episode_{i:06d}.mp4"
            write_film(film, frames[c][a:b], codec=codec)
    if not old:
        (folder / "data/chunk-000").mkdir(parents=True)
        pq.write_table(table, folder / "data/chunk-000/file-000.parquet")
        for c in cameras if films else ():
            write_film(folder / f"videos/{c}/chunk-000/file-000.mp4", frames[c], codec=codec)
    _write_meta(folder, version, cameras, texts, bounds, films=films)
    return {"observation.state": state, "action": action, **frames}


def _png_column(frames):
    def png(frame):
        made = io.BytesIO()
        Image.fromarray(frame).save(made, "PNG")
        return {"bytes": made.getvalue(), "path": None}

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([png(f) for f in frames], kind)


def _write_meta(folder, version, cameras, texts, bounds, *, films):
    meta = folder / "meta"
    meta.mkdir()
    vector = {"dtype": "float32", "shape": [3], "names": JOINTS}
    pictures = {"shape": [48, 64, 3], "names": ["height", "width", "channels"]}
    info = {
        "codebase_version": version,
        "robot_type": "so101_follower",
        "total_episodes": len(LENGTHS),
        "total_frames": sum(LENGTHS),
        "total_tasks": len(texts),
        "chunks_size": 1000,
        "fps": FPS,
        "features": {
            **{c: {"dtype": "video" if films else "image", **pictures} for c in cameras},
            "observation.state": vector,
            "action": {**vector, "names": {"motors": JOINTS}},
            "next.reward": {"dtype": "float32", "shape": [1], "names": None},
            "timestamp": {"dtype": "float32", "shape": [1], "names": None},
        },
    }
    (meta / "info.json").write_text(json.dumps(info))
    episodes = [
        {"episode_index": i, "length": k, "tasks": [texts[min(i, len(texts) - 1)]]}
        for i, k in enumerate(LENGTHS)
    ]
    if version == "v2.1":
        tasks = [{"task_index": i, "task": text} for i, text in enumerate(texts)]
        for name, rows in (("episodes", episodes), ("tasks", tasks)):
            (meta / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        return
    for row, a in zip(episodes, bounds, strict=False):
        for c in cameras if films else ():
            row |= {f"videos/{c}/chunk_index": 0, f"videos/{c}/file_index": 0}
            row[f"videos/{c}/from_timestamp"] = a / FPS
    (meta / "episodes/chunk-000").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(episodes), meta / "episodes/chunk-000/file-000.parquet")
    made = {"task_index": list(range(len(texts))), "__index_level_0__": list(texts)}
    pq.write_table(pa.table(made), meta / "tasks.parquet")


def change_info(folder, **fields):
    """``meta/info.json`` with fields changed."""
    path = folder / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def change_rows(folder, name, values, *, of=slice(None)):
    """A column of the first data file replaced, and perhaps rows left out."""
    path = folder / "data/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    if values is not None:
        table = table.set_column(table.schema.get_field_index(name), name, values)
    rows = np.arange(len(table))[of]
    pq.write_table(table.take(rows), path)
