"""Memory of a long film and of large photos: ``python -m tests.benchmarks.storage.bench_memory``.

The demo's film (``--film``: its capture folder), cut and enlarged to 1280x720, is played forward
and backward until it has 90, 900 and 1 800 frames, ingested, tracked (films of up to ``--track``
frames) and reported; with it come the demo's photos, and then the same enlarged to 12 megapixels,
which are ingested, scanned and splatted. Each stage runs in a process of its own. Told are the most
memory that one of its processes had resident (``ru_maxrss``, mapped files included) and, from the
artifact's provenance, that of all together, shared pages once.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from tests.benchmarks import rounds as r
from xsim_core.artifacts.base import ArtifactRef
from xsim_core.capture import IngestConfig
from xsim_core.report.page import build_report
from xsim_core.stage import run_stage
from xsim_core.stages import INGEST_CAPTURE, POSE_TRACK, SCAN, SPLAT
from xsim_core.storage import ArtifactStore

LENGTHS = (90, 900, 1800)
PHOTOS_WH = (4000, 3000)


def enlarge(film, folder):
    """The demo's capture as a film of 1280x720: rows 60 to 420 of 480, twice as large."""
    for kind, how in (("rgb", Image.Resampling.BILINEAR), ("depth", Image.Resampling.NEAREST)):
        (folder / "video" / kind).mkdir(parents=True)
        for path in sorted((film / "video" / kind).iterdir()):
            with Image.open(path) as image:
                large = image.crop((0, 60, 640, 420)).resize((1280, 720), how)
                large.save(folder / "video" / kind / path.name, compress_level=1)
    K = np.loadtxt(film / "video" / "cam_K.txt")
    K[1, 2] -= 60
    K = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]]) @ K
    np.savetxt(folder / "video" / "cam_K.txt", K)
    told = yaml.safe_load((film / "capture.yaml").read_text())
    left, top, right, bottom = told["init_box_xyxy"]
    told["init_box_xyxy"] = [2 * left, 2 * (top - 60), 2 * right, 2 * (bottom - 60)]
    (folder / "capture.yaml").write_text(yaml.safe_dump({**told, "video": "video"}))
    for name in ("object", "photos"):
        shutil.copytree(film / name, folder / name)


def make_capture(folder, film, num_frames, *, large_photos=0):
    """The film's capture with so many frames; pictures are links to the film's."""
    shutil.copytree(film / "object", folder / "object")
    source, video = film / "video", folder / "video"
    files = [sorted((source / kind).iterdir()) for kind in ("rgb", "depth")]
    n = len(files[0])
    there_and_back = [*range(n), *range(n - 2, 0, -1)]
    for kind, found in zip(("rgb", "depth"), files, strict=True):
        (video / kind).mkdir(parents=True)
        for i in range(num_frames):
            picture = found[there_and_back[i % len(there_and_back)]]
            (video / kind / f"{i:06d}{picture.suffix}").hardlink_to(picture)
    shutil.copy(source / "cam_K.txt", video)
    np.savetxt(video / "timestamps.txt", np.arange(num_frames) / 15, fmt="%.6f")
    shutil.copy(film / "capture.yaml", folder)
    photos = folder / "photos"
    if not large_photos:
        shutil.copytree(film / "photos", photos, copy_function=os.link)
        return
    photos.mkdir()
    for path in sorted((film / "photos").iterdir())[:large_photos]:
        with Image.open(path) as photo:
            large = photo.convert("RGB").resize(PHOTOS_WH, Image.Resampling.BICUBIC)
        large.save(photos / path.with_suffix(".jpg").name, quality=92)


def work(what, url, given):
    """One stage, in this process; answers what it made."""
    store = ArtifactStore(url)
    match what:
        case "ingest_capture":
            config = IngestConfig.from_folder(Path(given), prefer="folder")
            return str(run_stage(INGEST_CAPTURE, config, store, {}))
        case "pose_track" | "scan" | "splat":
            stage = {s.name: s for s in (POSE_TRACK, SCAN, SPLAT)}[what]
            (name,) = stage.inputs
            inputs = {name: ArtifactRef.parse(given)}
            return str(run_stage(stage, stage.config(), store, inputs))
        case "report":
            refs = json.loads(given)
            stages = {name: ArtifactRef.parse(ref) for name, ref in refs.items()}
            return str(len(build_report(store, stages, title="memory")))
    raise ValueError(what)


def measured(what, url, given):
    """The stage in a process of its own: what it made, and a row of the table."""
    begun = time.monotonic()
    command = [sys.executable, "-m", __spec__.name, "--work", what, "--url", url, "--given", given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    row = {"stage": what, "process_mb": said["process_mb"], "wall_s": time.monotonic() - begun}
    if what != "report":
        manifest = ArtifactStore(url).manifest(ArtifactRef.parse(said["made"]))
        row["all_mb"] = manifest.provenance["peak_memory_mb"]
    return said["made"], row


def rows_of(num_frames, film, folder, *, is_tracked, large_photos=0):
    make_capture(folder / "capture", film, num_frames, large_photos=large_photos)
    url = (folder / "store").as_uri()
    refs = {}
    refs["ingest_capture"], row = measured("ingest_capture", url, str(folder / "capture"))
    yield row
    if is_tracked:
        refs["pose_track"], row = measured("pose_track", url, refs["ingest_capture"])
        yield row
    if large_photos:
        refs["scan"], row = measured("scan", url, refs["ingest_capture"])
        yield row
        refs["splat"], row = measured("splat", url, refs["scan"])
        yield row
    yield measured("report", url, json.dumps(refs))[1]


def main():
    asked = r.arguments(
        __doc__,
        film=(".xsim/captures/demo", "the demo's capture folder"),
        lengths=(",".join(map(str, LENGTHS)), "frames, with commas between"),
        track=(max(LENGTHS), "films of more frames are not tracked"),
        photos=(40, "photos of 12 megapixels; 0 for none"),
        work=("", "internal"),
        url=("", "internal"),
        given=("", "internal"),
    )
    if asked.work:
        made = work(asked.work, asked.url, asked.given)
        both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peak = max(resource.getrusage(who).ru_maxrss for who in both) / 1024
        print(json.dumps({"made": made, "process_mb": round(peak)}))
        return
    rows = []
    with tempfile.TemporaryDirectory() as name:
        film = Path(name) / "film"
        enlarge(Path(asked.film), film)
        cases = [(n, 0) for n in map(int, filter(None, asked.lengths.split(",")))]
        cases += [(LENGTHS[0], asked.photos)] if asked.photos else []
        for num_frames, photos in cases:
            with tempfile.TemporaryDirectory(dir=film.parent) as place:
                is_tracked = num_frames <= asked.track and not photos
                for row in rows_of(
                    num_frames, film, Path(place), is_tracked=is_tracked, large_photos=photos
                ):
                    rows.append({"frames": num_frames, "large_photos": photos, **row})
                    print(json.dumps(rows[-1]), flush=True)
    r.publish({"benchmark": "memory", **r.circumstances(), "rows": rows}, asked.json)


if __name__ == "__main__":
    main()
