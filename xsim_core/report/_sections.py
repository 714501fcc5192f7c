"""One section a stage: what it does, its key figures, its charts and its pictures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from xsim_core.artifacts import Evaluation, ObjectTrack
from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.pages import macros, words
from xsim_core.stage import Section, Stage
from xsim_core.stages import BUILD_SIM, DEPLOY, INGEST_ROLLOUTS, REVIEW_TRACK, STAGES
from xsim_core.storage import OpenArtifact

from ._charts import line_chart, path_chart, rate_chart, status_strip
from ._gallery import gallery

Open = OpenArtifact

STATUS = {
    0: ("tracked", "#2e9e5b"),
    1: ("occluded", "#e3a321"),
    2: ("interpolated", "#8f9cf5"),
    3: ("lost", "#c9362c"),
}
TOUCH = {0: ("free", "#c9ced6"), 1: ("touched", "#c2571a")}
MAX_CURVES = 4

CAPTIONS = {
    r"^photos": "All photos of the room.",
    r"^world": "Start, waypoints, workspace and obstacles of the simulator, from above.",
    r"^video": "Frames of the recording, colour over depth.",
    r"board": "The printed board as it was found in a photo.",
    r"paths": "Where the object went in evaluation episodes, against the video's waypoints.",
    r"overlay.*\.(mp4|gif|webm)": "The recording, with the tracked mesh drawn over every frame.",
    r"overlay": "The tracked mesh drawn over the recorded frame.",
    r"trajectory|path": "The object's path in the robot's frame.",
    r"held.?out|compare": (
        "From left to right: a photo the splat never saw, its render from the same pose, and the "
        "error between them, four times enlarged."
    ),
    r"mosaic": "The first images of episodes: camera, light, texture and start vary.",
    r"pair": "What the robot saw, beside the same states replayed in the reconstructed simulation.",
    r"dagger": (
        "What the student saw where it was sent out in simulation: two episodes a round, edged "
        "by how they ended."
    ),
    r"film.*\.gif": "One episode as it ran.",
    r"film|strip|rollout|episodes": "Episodes from left to right, one a row.",
    r"features": "What the encoder makes of paired frames, held-out rollouts, in two dimensions.",
    r"loss|curve|learning": "Over training.",
    r"mesh": "The reconstructed surface.",
    r"scan_room": (
        "The room that the film saw, hand and object taken out; beside it in magenta what was "
        "covered in the whole film, and is filled."
    ),
    r"camera|scan": "Where the photos were taken from.",
}

DRAWN = ("loss.png", "learning_curve.png", "success.png", "trajectory.png")
"""Plots for the Prefect UI; the page draws the same from the arrays."""


_BEFORE = {BUILD_SIM.name: REVIEW_TRACK, DEPLOY.name: INGEST_ROLLOUTS}
SHOWN = [s for stage in STAGES for s in (_BEFORE.get(stage.name), stage) if s is not None]
"""The pipeline's stages, what may take the place of one, and what a person makes of one."""


def shown_stages(stages: Iterable[str]) -> list[str]:
    """Those that have a section, in the order of the pipeline; what it does not know comes last."""
    known = {stage.name: stage for stage in SHOWN}
    given = set(stages)
    ordered = [name for name in known if name in given]
    return [n for n in [*ordered, *sorted(given - known.keys())] if _is_shown(known.get(n))]


def _is_shown(stage: Stage | None) -> bool:
    return stage is None or stage.in_report


def words_of(stage: str) -> Section:
    """Heading and text of a stage's section: its own, or made of its name and title."""
    found = next((s for s in SHOWN if s.name == stage), None)
    if found is not None and found.section is not None:
        return found.section
    return Section(words(stage).capitalize(), found.title if found is not None else "")


def stage_section(stage: str, artifact: Open) -> Markup:
    """The section of one stage's artifact."""
    pieces = macros("pages/pieces.html")
    said = words_of(stage)
    drawn = _CHARTS.get(artifact.ref.kind, _curves)(artifact)
    hidden = DRAWN if drawn else ()
    files = {name: artifact.read_file(name) for name in artifact.file_names if name not in hidden}
    known = {} if artifact.ref.kind == Evaluation.kind else _facts(artifact)
    told = pieces.bullets(artifact.notes)
    text = pieces.facts(known) + told + drawn + gallery(files, CAPTIONS)
    return pieces.section(stage, said.heading, said.text, text)


def _card(content: Markup, title: str) -> Markup:
    return macros("pages/pieces.html").card(content, title)


def _charts(cards: Sequence[Markup]) -> Markup:
    """Beside each other; nothing for none."""
    return macros("report/pieces.html").charts(cards)


def _facts(artifact: Open) -> dict[str, Any]:
    values = artifact.summary.model_dump(mode="json")
    figures = values.pop("figures", {})
    scalars = {k: v for k, v in values.items() if isinstance(v, int | float | str) and v != ""}
    return {**scalars, **{k: v for k, v in figures.items() if isinstance(v, int | float)}}


def _track_charts(artifact: Open) -> Markup:
    T_world_object = artifact.array("T_world_object")
    segments = [(int(a), int(b)) for a, b in artifact.array("segments")]
    positions = T_world_object[:, :3, 3]
    time_s = artifact.array("timestamps_s")
    time_s = time_s - time_s[0]
    yaw = np.unwrap(np.arctan2(T_world_object[:, 1, 0], T_world_object[:, 0, 0]))
    bands = [(float(time_s[a]), float(time_s[b])) for a, b in segments]
    moved_mm = (positions - positions[0]) * 1000.0
    axes = {name: (time_s, moved_mm[:, i]) for i, name in enumerate("xyz")}
    yaws = {"yaw": (time_s, np.degrees(yaw - yaw[0]))}
    seen = path_chart(positions[:, :2], segments)
    shift = line_chart(axes, x_label="time (s)", y_label="moved (mm)", bands=bands)
    turned = line_chart(yaws, x_label="time (s)", y_label="turned (°)", bands=bands)
    cards = [
        _card(seen, "Seen from above, motion segments coloured"),
        _card(shift + turned, "Displacement and turn; shaded where the object moves"),
    ]
    strip = status_strip(artifact.array("status"), STATUS)
    return _charts(cards) + _card(strip, "Each frame's status") + _contact_strip(artifact)


def _contact_strip(artifact: Open) -> Markup:
    """Frames in which something touches the object; nothing where that was not looked for."""
    if "contacts" not in artifact.array_names:
        return Markup("")
    touched = np.zeros(len(artifact.array("status")), np.int64)
    for first, last in artifact.array("contacts"):
        touched[first : last + 1] = 1
    return _card(status_strip(touched, TOUCH), "When something touches it")


def _curves(artifact: Open) -> Markup:
    curves = {n: np.asarray(v, float) for n, v in artifact.arrays("curve").items() if v.ndim == 1}
    step_name = next((n for n in curves if n in ("step", "steps", "env_steps", "iteration")), "")
    steps = curves.pop(step_name, np.zeros(0))
    label = words(step_name) if step_name else "iteration"

    def line(name: str) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        values = curves[name]
        x = steps if len(steps) == len(values) else np.arange(len(values), dtype=float)
        # Evaluations are rarer than iterations; between them there is no value.
        known = np.isfinite(values)
        return x[known], values[known]

    names = [n for n in curves if np.isfinite(curves[n]).sum() > 1]
    shares = [n for n in names if "success" in n and not n.startswith("term")]
    cards: list[Markup] = []
    if shares:
        chart = line_chart({n: line(n) for n in shares}, x_label=label, y_range=(0.0, 1.0))
        cards.append(_card(chart, "Success while training"))
    others = [n for n in names if n not in shares]
    first = [n for n in others if any(w in n for w in ("return", "loss", "align", "agree"))]
    for name in first[: MAX_CURVES - len(cards)]:
        chart = line_chart({name: line(name)}, x_label=label)
        cards.append(_card(chart, words(name).capitalize()))
    return _charts(cards)


def _evaluation(artifact: Open) -> Markup:
    parts: list[Markup] = []
    summary = artifact.of(Evaluation).summary
    rates = summary.rates
    if rates:
        chart = rate_chart(rates) + _rate_table(rates)
        parts.append(_card(chart, "Success, 95 % intervals"))
    figures = summary.figures
    parts += [_compared(figures, what, title) for what, title in _COMPARISONS.items()]
    told = {k: v for k, v in figures.items() if not k.startswith(_SHOWN_ELSEWHERE)}
    if told:
        known = macros("pages/pieces.html").facts(told)
        parts.append(_card(known, "Errors against truth that no stage may read"))
    errors = artifact.arrays("error")
    charts = [
        _card(
            line_chart(
                {name: (np.arange(len(v), dtype=float), v)}, x_label="frame", y_label=words(name)
            ),
            words(name).capitalize(),
        )
        for name, v in errors.items()
        if v.ndim == 1 and len(v) > 1
    ]
    return Markup().join([*parts, _charts(charts)])


def _rate_table(rates: Sequence[SuccessRate]) -> Markup:
    head = ("policy", "where", "succeeds", "95 % interval", "task progress")
    rows = [
        (
            r.policy,
            r.domain,
            f"{r.successes} of {r.trials}",
            f"{r.low:.2f} to {r.high:.2f}",
            f"{r.progress:.2f}",
        )
        for r in rates
    ]
    return macros("pages/pieces.html").table(head, rows, numeric=range(2, 5))


_COMPARISONS = {
    "calibration": "What calibration changed, trial by trial on the same seeds",
    "promotion": "The candidate against the current policy, trial by trial on the same seeds",
}
_SHOWN_ELSEWHERE = (
    "teacher_",
    "student_",
    "calibrated_",
    "current_",
    "candidate_",
    *(f"{what}_" for what in _COMPARISONS),
)


def _compared(figures: Mapping[str, float], what: str, title: str) -> Markup:
    """The second student against the first on the same seeds, a row for each domain."""
    head = ("where", "gained", "lost", "exact p", "success", "task progress")
    names = ("gained", "lost", "p", "success_difference", "progress_difference")
    tests = {"sim": "mcnemar_p", "real": "mcnemar_p", "worlds": "sign_flip_p"}
    formats = ("{:.0f}", "{:.0f}", "{:.2g}", "{:+.1%}", "{:+.3f}")
    rows: list[tuple[str, ...]] = []
    for domain, test in tests.items():
        known = [test if name == "p" else name for name in names]
        values = [figures.get(f"{what}_{domain}_{name}") for name in known]
        cells = [f.format(v) for f, v in zip(formats, values, strict=True) if v is not None]
        if len(cells) == len(names):
            rows.append((domain, *cells))
    if not rows:
        return Markup()
    return _card(macros("pages/pieces.html").table(head, rows, numeric=range(1, 6)), title)


_CHARTS: dict[str, Callable[[Open], Markup]] = {
    ObjectTrack.kind: _track_charts,
    Evaluation.kind: _evaluation,
}
"""By kind of artifact; any other shows the curves that it holds."""
