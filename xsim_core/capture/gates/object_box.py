"""Where the object is: as a person boxed it, else found in the film."""

from xsim_core.capture.find_object.by_click import object_at_click
from xsim_core.capture.find_object.by_motion import object_by_motion
from xsim_core.capture.find_object.found import BoxFrom
from xsim_core.capture.layout import CaptureFile
from xsim_core.geometry import TexturedMesh

from .agreement import Agreed


def with_box(
    file: CaptureFile,
    agreed: Agreed,
    init_frame: int,
    mesh: TexturedMesh | None,
    notes: list[str],
) -> tuple[CaptureFile, BoxFrom]:
    """The capture's file with the object's box, and who gave it.

    Args:
        file: as it was read.
        agreed: the film, its depth in millimetres.
        init_frame: the frame's place in the film.
        mesh: of the object, where one was brought.
        notes: receives what was found where no box was drawn.

    Raises:
        BadInputError: when none was drawn, and film or click do not tell it.
    """
    if file.is_boxed:
        return file, "drawn"
    box_from: BoxFrom = "motion" if file.click is None else "click"
    if file.click is not None:
        found = object_at_click(agreed.video, init_frame, file.click, mesh)
    else:
        found = object_by_motion(agreed.video, init_frame, mesh, agreed.stretches)
    notes.append(found.note)
    return file.model_copy(update={"init_box_xyxy": found.box_xyxy}), box_from
