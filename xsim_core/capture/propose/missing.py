"""What a capture lacks, what that costs, and how it is had."""

from xsim_core.capture.recognise.facts import Facts
from xsim_core.config import FrozenModel


class Missing(FrozenModel):
    """One thing that is not there."""

    what: str
    costs: str
    how: str
    is_needed: bool = False
    """Whether nothing can be taken in without it."""


def missing_of(facts: Facts) -> tuple[Missing, ...]:
    """In the order in which a person would go about it; what is needed first."""
    found = [
        *_video(facts),
        *_mesh(facts),
        *_photos(facts),
        *_box(facts),
        *_place(facts),
        *_scale(facts),
    ]
    return tuple(sorted(found, key=lambda item: not item.is_needed))


def _video(facts: Facts) -> list[Missing]:
    if any(film.is_usable for film in facts.films):
        return []
    faults = "; ".join(f"{film.path}: {film.fault}" for film in facts.films if film.fault)
    spare = [item.path for item in facts.intrinsics]
    if faults and spare:
        faults += f" (intrinsics were found in {', '.join(spare)}: copy that file to its place)"
    return [
        Missing(
            what="a video that can be read" if facts.films else "an RGB-D video",
            costs="nothing can be made without it",
            how=faults
            or "record with an RGB-D camera: a RealSense or ROS recording, or a folder with rgb/, "
            "depth/ and cam_K.txt",
            is_needed=True,
        )
    ]


def _mesh(facts: Facts) -> list[Missing]:
    usable = [mesh for mesh in facts.meshes if mesh.is_usable]
    if not usable:
        faults = "; ".join(mesh.fault for mesh in facts.meshes)
        return [
            Missing(
                what="the object's mesh",
                costs="the video stands in for it: what it never shows of the object (its far "
                "side, often half of it) is a guess, and with it what the simulator holds and sees",
                how=faults or "scan it with a phone and export .glb or .obj, textured, in metres",
            )
        ]
    if not usable[0].is_coloured:
        return [
            Missing(
                what="colours of the mesh",
                costs="the simulator, and so the policy, sees the object grey",
                how=f"bring the texture that belongs to {usable[0].path}, or scan it with texture",
            )
        ]
    return []


def _photos(facts: Facts) -> list[Missing]:
    if any(photos.is_usable for photos in facts.photos):
        return []
    return [
        Missing(
            what="photos of the room",
            costs="`room: film` stands in for them: the video gives the room that it saw, from its "
            "one place; a policy's camera must stand near it",
            how="take 30 to 60 from around the table, without person and object, exposure locked, "
            "with the board or tags in view; or walk around it with a phone that films",
        )
    ]


def _box(facts: Facts) -> list[Missing]:
    if facts.box is not None or _video(facts):
        return []  # Without a video there is nothing to draw it in.
    return [
        Missing(
            what="init_box_xyxy, a box around the object",
            costs="tracking does not know what to follow"
            + (f": {facts.no_box}" if facts.no_box else ""),
            how="draw it in the browser: `xsim capture annotate FOLDER`; or read it off "
            "init_frame.png, whose grid counts pixels, and write it into capture.yaml: left, top, "
            "right, bottom, or as click: a pixel on the object; or bring a mask of the first frame "
            "as masks/NAME_OF_THE_FRAME.png",
            is_needed=True,
        )
    ]


def _place(facts: Facts) -> list[Missing]:
    if any(camera.is_usable for camera in facts.camera_poses):
        return []
    ways = [
        "bring the camera's 4x4 pose from your calibration (`camera:`)",
        "make one with `xsim capture calibrate-camera FOLDER`",
    ]
    if facts.hand_eye:
        ways[1] = (
            f"`xsim capture calibrate-camera` makes one of the pictures in "
            f"{facts.hand_eye[0].path}, if their camera stood where the video's does"
        )
    if facts.markers is None:
        ways.append("print a board (`xsim board print board.pdf`) and lay it where all see it")
    else:
        ways.insert(0, "say in `board:` where the board or the tags lie (touch three corners)")
    return [
        Missing(
            what="where the robot stands",
            costs="`world: table` stands in for it: tracks are right relative to the table, but "
            "the robot's base is put on the object's place, so that a policy made so is of no "
            "use on the robot",
            how="; or ".join(ways),
        )
    ]


def _scale(facts: Facts) -> list[Missing]:
    if not any(photos.is_usable for photos in facts.photos):
        return []
    seen = facts.markers is not None and "photos" in facts.markers.where
    return [
        Missing(
            what="a board whose place is known in the photos",
            costs="`scan` cannot give the photos' room in metres",
            how=(
                "fill in `board:` in capture.yaml"
                if seen
                else "print a board (`xsim board print board.pdf`), leave it on the table and take "
                "the photos with it in view"
            )
            + "; or leave the photos out: `room: film`",
        )
    ]
