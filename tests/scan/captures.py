"""Photos committed as a capture; the parts that scan does not read are empty."""

import numpy as np

from xsim_core.artifacts import Capture
from xsim_core.storage import ArtifactStore, OpenArtifact

from .scenes import BOARD


def commit_capture(
    store: ArtifactStore, photos: np.ndarray, names=(), **photo_poses: np.ndarray
) -> OpenArtifact[Capture]:
    writer = store.begin("capture", f"{len(photos):024x}")
    mesh = {
        "object/vertices": np.zeros((3, 3), "f4"), "object/faces": np.zeros((1, 3), "i4"),
        "object/uv": np.zeros((3, 2), "f4"), "object/texture": np.zeros((2, 2, 3), "u1"),
    }  # fmt: skip
    video = {
        "video/rgb": np.zeros((1, 4, 4, 3), "u1"), "video/depth_mm": np.zeros((1, 4, 4), "u2"),
        "video/timestamps_s": np.zeros(1), "video/K": np.eye(3),
    }  # fmt: skip
    writer.write_all({**mesh, **video, "photos": photos})
    writer.write_all(photo_poses, prefix="photo_poses")
    summary = Capture(
        name="tiny",
        object_name="none",
        num_frames=1,
        num_photos=len(photos),
        photo_names=names,
        fps=30.0,
        board=BOARD,
        init_frame=0,
        init_box_xyxy=(0, 0, 1, 1),
    )
    ref = store.commit(
        writer, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
    )
    return store.open(ref, Capture)
