"""What a report offers beside itself: the room, the object and the policy, as other programs read.

The page needs none of it to be read; it links to the files by their relative place.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import numpy as np

from xsim_core.artifacts import ArtifactRef
from xsim_core.gap import Gap, Pictures
from xsim_core.geometry import TexturedMesh
from xsim_core.runs import Ending
from xsim_core.scratch import write_bytes, write_text
from xsim_core.storage import ArtifactStore, OpenArtifact

from .page import Download, build_report


def files_folder(page: Path) -> Path:
    """Where the files of a page lie."""
    return page.with_suffix(".files")


def write_page(
    page: Path,
    store: ArtifactStore,
    stages: Mapping[str, ArtifactRef],
    *,
    title: str,
    unfinished: Mapping[str, Ending] | None = None,
    other_code: Mapping[str, str] | None = None,
    gaps: Sequence[tuple[Gap, Pictures]] = (),
    stamp: str = "",
) -> None:
    """Write a report, and first the files that it links to.

    Args:
        page: the HTML file.
        store: as ``build_report`` takes it.
        stages: likewise.
        title: likewise.
        unfinished: likewise.
        other_code: likewise.
        gaps: likewise.
        stamp: the page's first line.
    """
    html = build_report(
        store,
        stages,
        title=title,
        unfinished=unfinished,
        other_code=other_code,
        gaps=gaps,
        downloads=_write_files(files_folder(page), store, stages),
    )
    write_text(page, stamp + html)


def _write_files(
    folder: Path, store: ArtifactStore, stages: Mapping[str, ArtifactRef]
) -> list[Download]:
    # Also where there is nothing to offer: its absence means that a page's links are dead.
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Download] = []
    for of, name, what, encode in _OFFERS:
        stage = next((s for s in of if s in stages), None)
        if stage is None:
            (folder / name).unlink(missing_ok=True)  # An earlier report's, of other artifacts.
            continue
        data = encode(store.open(stages[stage]))
        write_bytes(folder / name, data)
        made.append(Download(f"{quote(folder.name)}/{quote(name)}", name, what, len(data)))
    return made


def _scene(splat: OpenArtifact) -> bytes:
    import trimesh

    mesh = splat.arrays("mesh")
    scene = trimesh.Trimesh(
        mesh["vertices"], mesh["faces"], vertex_colors=mesh["rgb"], process=False
    )
    data = scene.export(file_type="ply")
    assert isinstance(data, bytes)
    return data


def _object(track: OpenArtifact) -> bytes:
    with TemporaryDirectory() as place:
        mesh = TexturedMesh.from_arrays(track.arrays("object"))
        return mesh.write_glb(Path(place) / "object.glb").read_bytes()


def _policy(student: OpenArtifact) -> bytes:
    names = (n for n in student.array_shapes if not n.startswith("curve/"))
    arrays: dict[str, Any] = {name: student.array(name) for name in names}
    summary = json.dumps(student.manifest.summary).encode()
    made = io.BytesIO()
    np.savez(made, **arrays, summary_json=np.frombuffer(summary, np.uint8))
    return made.getvalue()


_OFFERS: tuple[tuple[tuple[str, ...], str, str, Callable[[OpenArtifact], bytes]], ...] = (
    (("splat",), "scene.ply", "the room's mesh with colours, robot-base frame, metres", _scene),
    (
        ("pose_track",),
        "object.glb",
        "the object's mesh with its texture, in its own frame, metres",
        _object,
    ),
    (
        ("calibrate", "diffusion"),
        "policy.npz",
        "the policy's weights and normaliser by name (numpy.load); summary_json tells its layout",
        _policy,
    ),
)
"""Stages of which the first that is there counts, the file's name, what it is, its bytes."""
