"""The ``evaluate`` stage: every policy on the same seeds, and the reconstruction against truth."""

from collections.abc import Sequence

import numpy as np

from xsim_core.artifacts import (
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.pictures import film_strip, gif_bytes, png_bytes
from xsim_core.policies.fitting import torch_threads
from xsim_core.sim.open import OpenSimWorld, check_same_task, open_sim_world
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import EvaluateConfig
from .errors import truth_errors
from .rates import Trials, comparison, rate_figures, rate_plot
from .robot import robot_row
from .trials import TrialRunner

STUDENTS = {"calibration": ("student", "calibrated"), "promotion": ("current", "candidate")}
"""What the two students of a comparison are called in rows, arrays and figures."""


def evaluate_policies(
    teacher: OpenArtifact[TeacherPolicy],
    student: OpenArtifact[StudentPolicy],
    sim: OpenArtifact[SimWorld],
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    images: OpenArtifact[PosedImages],
    calibrated: OpenArtifact[StudentPolicy] | None = None,
    world: OpenArtifact[RealWorld] | None = None,
    truth: OpenArtifact[GroundTruth] | None = None,
    rollouts: OpenArtifact[RealRollouts] | None = None,
    *,
    config: EvaluateConfig,
    out: ArtifactWriter,
) -> Evaluation:
    """Success with Wilson intervals over paired seeds, and errors against truth where it exists.

    Where nothing was calibrated the student has its rows alone, and so where a calibration did harm
    and was not applied: the other would be the same weights on the same seeds. Rollouts on a robot
    are a row of the first student, as they were judged there.

    Raises:
        BadInputError: when a policy was trained for another task.
    """
    first, second = STUDENTS[config.compares]
    if config.compares == "calibration" and calibrated and is_same_policy(student, calibrated):
        calibrated = None
    students = {first: student} | ({second: calibrated} if calibrated else {})
    for policy in (teacher, *students.values()):
        check_same_task(policy, sim)
    out.progress(0.0, {})
    here = open_sim_world(sim, out.scratch() / "sim")
    with torch_threads(out.runtime.num_workers):
        domains = 1 + (world is not None) * (1 + (config.num_worlds > 0))
        num_rows = 1 + len(students) * domains
        runner = TrialRunner(here, config, out, num_rows=num_rows)
        rows = runner.simulation(teacher, students)
        if world is not None:
            rows += runner.reality(world, students)
            if config.num_worlds > 0:
                rows += runner.worlds(world, students)
    notes: tuple[str, ...] = ()
    if rollouts is not None:
        row, notes = robot_row(first, rollouts)
        rows += [row] if row is not None else []
    figures = _compare(rows, config)
    if truth is not None:
        errors, against_truth = truth_errors(scene, track, images, truth)
        out.write_all(errors, prefix="error")
        figures |= against_truth
    rates = tuple(row.rate() for row in rows)
    _publish(rows, here, out)
    out.add_file("success.png", rate_plot(rates))
    return Evaluation(
        task=here.task.name, rates=rates, figures=rate_figures(rates) | figures, notes=notes
    )


def is_same_policy(one: OpenArtifact[StudentPolicy], other: OpenArtifact[StudentPolicy]) -> bool:
    """Whether two policies act alike to the bit: a calibration that was not applied."""
    a, b = one.arrays("weights"), other.arrays("weights")
    return a.keys() == b.keys() and all(np.array_equal(v, b[name]) for name, v in a.items())


def _compare(rows: Sequence[Trials], config: EvaluateConfig) -> dict[str, float]:
    """The second student against the first on paired seeds, in each domain."""
    first, second = STUDENTS[config.compares]
    by_name = {row.name: row for row in rows}
    figures = {}
    for domain in ("sim", "real", "worlds"):
        before, after = by_name.get(f"{first}_{domain}"), by_name.get(f"{second}_{domain}")
        if before is not None and after is not None:
            compared = comparison(before, after)
            figures |= {f"{config.compares}_{domain}_{k}": v for k, v in compared.items()}
    return figures


def _publish(rows: Sequence[Trials], sim: OpenSimWorld, out: ArtifactWriter) -> None:
    """Outcomes a seed as arrays; films as strips and animations."""
    for row in rows:
        out.write(f"success/{row.name}", row.success)
        out.write(f"progress/{row.name}", row.progress.astype(np.float32))
        if not row.films:
            continue
        strip = film_strip(row.films, [bool(s) for s in row.success[: len(row.films)]])
        out.add_file(f"film_{row.name}.png", png_bytes(strip))
        best = int(np.argmax(row.success[: len(row.films)]))
        animation = gif_bytes(row.films[best], fps=sim.task.control_freq_hz)
        out.add_file(f"film_{row.name}.gif", animation)
