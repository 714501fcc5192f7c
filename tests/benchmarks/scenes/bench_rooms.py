"""The rooms that are filmed: ``python -m tests.benchmarks.scenes.bench_rooms FOLDER --json FILE``.

Films each room with each seed as the demo is filmed, reconstructs and tracks it, and tells the
errors against the truth. What is there already is used again.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from tests.benchmarks import rounds as r
from xsim_core.artifacts import ObjectTrack
from xsim_core.capture import IngestConfig, SynthesizeConfig, synthesize_capture
from xsim_core.capture.layout import truth_folder
from xsim_core.evaluate.errors import truth_errors
from xsim_core.presets import pipeline_config
from xsim_core.stage import Runtime, run_stage
from xsim_core.stages import INGEST_CAPTURE, INGEST_TRUTH, POSE_TRACK, SCAN, SPLAT
from xsim_core.storage import ArtifactStore
from xsim_core.tracking import OK

ROOMS = ("patterned", "kitchen", "study")


def figures(folder, store, config):
    """Of one capture, as ``evaluate`` tells them."""
    if not folder.exists():
        synthesize_capture(folder, config)
    pipeline, runtime = pipeline_config("demo"), Runtime(num_workers=2)
    truth = IngestConfig.from_folder(truth_folder(folder))
    truth_ref = run_stage(INGEST_TRUTH, truth, store, {})
    ref = run_stage(INGEST_CAPTURE, IngestConfig.from_folder(folder), store, {})
    refs = {"capture": ref}
    images = run_stage(SCAN, pipeline.scan, store, refs, runtime=runtime)
    scene = run_stage(SPLAT, pipeline.splat, store, {"images": images}, runtime=runtime)
    track = run_stage(POSE_TRACK, pipeline.pose_track, store, refs, runtime=runtime)
    opened = [store.open(each) for each in (scene, track, images, truth_ref)]
    arrays, told = truth_errors(*opened)
    summary = opened[1].summary
    assert isinstance(summary, ObjectTrack)
    is_ok = opened[1].array("status") == OK
    return {
        "photos_registered": opened[2].summary.num_images,
        "psnr_db": opened[0].summary.psnr_db,
        "frames_ok": int(is_ok.sum()),
        "ok_worst_mm": round(1e3 * float(np.max(arrays["world_add_m"][is_ok], initial=0)), 2),
        "verdict": summary.verdict,
        **{name: round(value, 3) for name, value in told.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rooms", nargs="+", default=ROOMS, choices=ROOMS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    store, rows = ArtifactStore((asked.folder / "store").absolute().as_uri()), []
    for seed in asked.seeds:
        for room in asked.rooms:
            config = SynthesizeConfig(name=f"{room}-{seed}", seed=seed, furniture=room)
            rows.append({"room": room, "seed": seed})
            rows[-1] |= figures(asked.folder / config.name, store, config)
            print(json.dumps(rows[-1]), flush=True)
    r.publish({"benchmark": "rooms", **r.circumstances(), "rows": rows}, asked.json)


if __name__ == "__main__":
    main()
