"""The object as what stands still at first and is moved later; one clear answer, or a question."""

from collections.abc import Sequence

import numpy as np

from xsim_core.capture.formats import RGBDVideo
from xsim_core.checks.stillness import Stretch
from xsim_core.errors import BadInputError
from xsim_core.film.moved_away import COLUMNS, MIN_STAYS, MovedAway, moved_away
from xsim_core.film.standing import MAX_SIZE_M, SetAside, Standing
from xsim_core.geometry import TexturedMesh

from .found import MEND, FoundObject, Sizes, box_words, widened

MAX_NAMED = 4
MAX_SKIN = 0.5
"""Of what moves, where no mesh tells its size: more may be a hand's."""
SETTLED_FRAMES = 2
"""At the ends of a stretch between two moves of the camera."""


def object_by_motion(
    video: RGBDVideo, frame: int, mesh: TexturedMesh | None, stretches: Sequence[Stretch]
) -> FoundObject:
    """Find the object in a frame of a film.

    Args:
        video: its depth in millimetres.
        frame: in which it stands still; its place in the film.
        mesh: of the object, where one was brought: what is of another size is none.
        stretches: in which the camera stood still; none where it moves on.

    Raises:
        BadInputError: when nothing that moves can be it, or several things can.
    """
    number = frame if video.source_frames is None else int(video.source_frames[frame])
    stretch = next((s for s in stretches if s.first <= frame <= s.last), None)
    lead = f"nothing says where the object is in frame {number} (capture.yaml has no box), and"
    if stretch is None:
        raise BadInputError(
            f"{lead} the camera moves there, so that what moves cannot be told from it. {MEND}"
        )
    first, last = stretch.first, stretch.last + 1
    if len(stretches) > 1:
        first, last = min(first + SETTLED_FRAMES, frame), max(last - SETTLED_FRAMES, frame + 1)
    part = slice(first, last)
    sizes = Sizes.of(mesh)
    moved = moved_away(
        video.depth_mm[part],
        video.timestamps_s[part],
        frame - first,
        video.camera,
        max_size_m=MAX_SIZE_M if mesh is None else sizes.most_m,
    )
    return _chosen(moved, sizes, video, frame, lead, number)


def _chosen(
    moved: MovedAway, sizes: Sizes, video: RGBDVideo, frame: int, lead: str, number: int
) -> FoundObject:
    if moved.stays < MIN_STAYS:
        raise BadInputError(
            f"{lead} only {100 * moved.stays:.0f} % of the picture stays where it is: the camera "
            f"moves, or the depth is too noisy to tell what does. {MEND}"
        )
    can_be = [thing for thing in moved.things if sizes.fit(thing.diameter_m)]
    rivals = [s for s in moved.set_aside if not s.is_arm and s.diameter_m >= sizes.least_m]
    if len(can_be) == 1 and not rivals:
        thing = can_be[0]
        skin = _skin_share(video, frame, thing) if sizes.mesh_m is None else 0.0
        if skin > MAX_SKIN:
            raise BadInputError(
                f"{lead} of what moves ({_words(thing)}) {100 * skin:.0f} % has the colour of "
                f"skin: without a mesh nothing tells whether a hand is part of it. {MEND}"
            )
        fx, wh = float(video.K[0, 0]), (video.camera.width, video.camera.height)
        z_m = _distance_m(video, frame, thing)
        box = widened(thing.box_xyxy, z_m, fx, wh)
        others = [t for t in moved.things if t is not thing]
        return FoundObject(box, thing.diameter_m, _note(box, thing, others, moved, number))
    if can_be:
        named = [*map(_words, can_be), *map(_words, rivals)]
        raise BadInputError(
            f"{lead} more than one thing moves that can be it: {'; '.join(named[:MAX_NAMED])}. "
            f"Write one of these boxes as init_box_xyxy into capture.yaml, with init_frame: "
            f"{number}, or draw another: xsim capture annotate FOLDER"
        )
    raise BadInputError(f"{lead} {_why_none(moved, sizes)}. {MEND}")


def _why_none(moved: MovedAway, sizes: Sizes) -> str:
    if moved.things:
        things = "; ".join(map(_words, moved.things[:MAX_NAMED]))
        return (
            f"what moves is not of the mesh's size ({1000 * (sizes.mesh_m or 0):.0f} mm across, "
            f"of which {1000 * sizes.least_m:.0f} mm at least are seen): {things}"
        )
    if moved.set_aside:
        asides = "; ".join(map(_words, moved.set_aside[:MAX_NAMED]))
        return (
            "nothing that stands there free and still is gone from its place in another frame. "
            f"What moves: {asides}. Does a hand hold or touch it from that frame on? Then name an "
            "init_frame in which it stands free"
        )
    return (
        "nothing stands there that is gone from its place in another frame: nothing moves far "
        "enough, or it has no depth, or lies lower than its noise"
    )


def _note(
    box: tuple[float, ...],
    thing: Standing,
    others: Sequence[Standing],
    moved: MovedAway,
    number: int,
) -> str:
    note = (
        f"no box was drawn: the object was found in frame {number} as what stands still there and "
        f"is gone from its place in other frames, {box_words((box[0], box[1], box[2], box[3]))} "
        f"in pixels, {1000 * thing.diameter_m:.0f} mm across as far as it is seen"
    )
    if others:
        named = "; ".join(map(_words, others[:MAX_NAMED]))
        note += f". What moves besides is not of the mesh's size: {named}"
    if any(aside.is_arm for aside in moved.set_aside):
        note += ". An arm is in view there; what that holds was not looked at"
    return note


def _words(thing: Standing | SetAside) -> str:
    words = f"{box_words(thing.box_xyxy)}, {1000 * thing.diameter_m:.0f} mm across"
    return words if isinstance(thing, Standing) else f"{words}, which {thing.why}"


def _skin_share(video: RGBDVideo, frame: int, thing: Standing) -> float:
    """Of its pixels, those of skin's chrominance (Chai and Ngan, 1999: Cr 133–173, Cb 77–127)."""
    import cv2

    step = max(1, round(video.camera.width / COLUMNS))
    rgb = np.ascontiguousarray(np.asarray(video.rgb[frame])[::step, ::step])
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[thing.mask].astype(int)
    red, blue = luma[:, 1], luma[:, 2]
    return float(((red >= 133) & (red <= 173) & (blue >= 77) & (blue <= 127)).mean())


def _distance_m(video: RGBDVideo, frame: int, thing: Standing) -> float:
    x0, y0, x1, y1 = (int(value) for value in thing.box_xyxy)
    depth_mm = np.asarray(video.depth_mm[frame])[y0:y1, x0:x1]
    return float(np.median(depth_mm[depth_mm > 0])) / 1000 if (depth_mm > 0).any() else 1.0
