"""The student keeps what it knows of places that it gets to itself, while it learns of real images.

A student that was sent out in its training (``sim.dagger.rounds``) has learnt from windows that are
in no dataset. Fine-tuned on the dataset and on real frames alone, it forgets them. So it is sent
out once more before that, and the teacher's answers stay a part of each batch.
"""

from collections.abc import Mapping

from xsim_core.pictures import png_bytes
from xsim_core.policies import Student
from xsim_core.sim.dagger.rounds import Round, dagger_figures, dagger_film, send_out
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.asking import Ask
from xsim_core.storage import ArtifactWriter, Progress

from .config import DaggerConfig


def sent_out_once(
    student: Student,
    ask: Ask,
    world: OpenSimWorld,
    config: DaggerConfig,
    *,
    out: ArtifactWriter,
    progress: Progress,
) -> Round:
    """What the teacher says where ``student`` gets to in simulation, or as it was kept."""
    path = out.scratch() / "round.npz"
    if (kept := Round.load(path)) is not None:
        return kept

    def told(num_done: int, num_succeeded: int) -> None:
        progress(num_done / config.num_episodes, {"dagger_success_1": num_succeeded / num_done})

    made = send_out(
        student,
        ask,
        world,
        config,
        number=0,
        domain=config.domain,
        num_workers=out.runtime.num_workers,
        told=told,
    )
    made.save(path)
    return made


def tell(made: Round | None, calibrated: Student, out: ArtifactWriter) -> Mapping[str, float]:
    """Figures of the round and how far the student is from the teacher now; leaves its film."""
    if made is None:
        return {}
    out.add_file("dagger.png", png_bytes(dagger_film([made])))
    return dagger_figures([made], calibrated)
