"""A committed capture artifact of the synthetic table-top."""

import numpy as np

from tests.tracking.scenes import BOARD, Scene, box_of, l_block, make_camera, push_motion
from xsim_core.artifacts import ArtifactRef, Capture
from xsim_core.storage import ArtifactStore, OpenArtifact


def commit_capture(store: ArtifactStore, arrays, **changes) -> OpenArtifact[Capture]:
    summary = Capture(**{
        "name": "table", "object_name": "block", "num_frames": len(arrays["video/rgb"]),
        "num_photos": 0,
        "fps": 30.0, "board": BOARD, "init_frame": 0, "init_box_xyxy": (0, 0, 1, 1), **changes,
    })  # fmt: skip
    writer = store.begin("capture", f"{np.random.default_rng().integers(1 << 60):016x}")
    writer.write_all(arrays)
    ref = store.commit(
        writer,
        summary,
        stage="ingest_capture",
        stage_version=1,
        config={},
        inputs={},
        provenance={},
    )
    return store.open(ArtifactRef[Capture](kind=ref.kind, fingerprint=ref.fingerprint), Capture)


def synthetic_arrays(num_frames=18, *, width=400, with_hand=True, show_board=True):
    """Capture arrays, true object poses (t, 4, 4) in the world, and the first frame's box."""
    camera, mesh = make_camera(width, width * 3 // 4), l_block()
    scene = Scene(camera, mesh)
    if not show_board:
        scene.board[:] = 255
    T_world_object, T_world_hand = push_motion(num_frames)
    frames = [
        scene.render(T, hand if with_hand else None)
        for T, hand in zip(T_world_object, T_world_hand, strict=True)
    ]
    arrays = {
        "video/rgb": np.stack([f[0] for f in frames]),
        "video/depth_mm": np.stack([np.round(1000 * f[1]).astype(np.uint16) for f in frames]),
        "video/timestamps_s": np.arange(num_frames) / 10.0,
        "video/K": camera.K,
        "photos": np.zeros((0, 4, 4, 3), np.uint8),
        "object/vertices": mesh.vertices,
        "object/faces": mesh.faces,
        "object/uv": mesh.uv,
        "object/texture": mesh.texture,
    }
    return arrays, T_world_object, box_of(mesh, T_world_object[0], camera)
