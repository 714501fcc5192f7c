"""The report: one HTML page that needs nothing beside it to be read."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup

from xsim_core.artifacts import ArtifactRef, Capture, Evaluation, StudentPolicy
from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.gap import Gap, Pictures, gap_section
from xsim_core.pages import macros, render
from xsim_core.runs import Ending
from xsim_core.storage import ArtifactStore, OpenArtifact

from ._charts import POLICY_COLOURS, bars
from ._graph import lineage_svg
from ._sections import shown_stages, stage_section, words_of
from .lineage import nodes_behind
from .targets import check_targets

STORY = (
    "The scene was reconstructed from photos, the object tracked through the video, a teacher "
    "trained in simulation on the object's motion alone, and its skill distilled into a policy "
    "that sees only camera images{calibration}. The world to deploy into is, for a synthesised "
    "capture, the true room, rendered and simulated with other lights, camera error, noise, "
    "friction and latency; no robot was moved."
)
PLACES = {
    "sim": "simulation",
    "real": "world to deploy into",
    "worlds": "drawn worlds",
    "robot": "a robot",
}
CALIBRATED = ", calibrated on rollouts of its own"
NOT_APPLIED = "; a calibration on rollouts of its own was made and, for what it did, not applied"

Opened = Mapping[str, OpenArtifact]


class Download(NamedTuple):
    """A file beside the page."""

    href: str
    """Relative to the page, quoted."""
    name: str
    what: str
    num_bytes: int


def build_report(
    store: ArtifactStore,
    stages: Mapping[str, ArtifactRef],
    *,
    title: str,
    unfinished: Mapping[str, Ending] | None = None,
    other_code: Mapping[str, str] | None = None,
    gaps: Sequence[tuple[Gap, Pictures]] = (),
    downloads: Sequence[Download] = (),
) -> str:
    """The page for a run, finished or not: it shows whatever artifacts are there.

    Args:
        store: where the artifacts lie.
        stages: stage → artifact, as a run record has it.
        title: the run's name.
        unfinished: stages that stopped short, and how.
        other_code: stages whose artifact other code made than that of the run, and which.
        gaps: ladders between its simulation and its world, with their pictures.
        downloads: files beside the page.
    """
    opened = {stage: store.open(ref) for stage, ref in stages.items()}
    capture, evaluated = opened.get("ingest_capture"), opened.get("evaluate")
    found = evaluated.of(Evaluation).summary if evaluated else None
    parts = [
        ("targets", "Targets", _targets(opened)),
        *((s, words_of(s).heading, stage_section(s, opened[s])) for s in shown_stages(opened)),
        *([("gap", "The gap", _gaps(gaps))] if gaps else []),
        *([("downloads", "Downloads", _downloads(downloads))] if downloads else []),
        ("lineage", "Lineage", _lineage(store, stages)),
        ("cost", "Where time went", _cost(opened)),
    ]
    return render(
        "report/page.html",
        title=title,
        object_name=capture.of(Capture).summary.object_name if capture else "object",
        task=found.task if found else "",
        story=_story(opened) if found else "This run has not reached its evaluation.",
        unfinished=unfinished or {},
        other_code=other_code or {},
        scores=_scores(found) if found else (),
        parts=parts,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        made=_made_with(opened),
        run=shlex.quote(title),
    )


def _story(opened: Opened) -> str:
    """What was done, and of calibration what came of it."""
    made = opened.get("calibrate")
    if made is None:
        return STORY.format(calibration="")
    student = made.of(StudentPolicy).summary
    return STORY.format(calibration=CALIBRATED if student.is_calibrated else NOT_APPLIED)


def _scores(evaluation: Evaluation) -> list[tuple[SuccessRate, str, float, str]]:
    """Every rate with where it was tried, its share and the colour of its policy."""
    return [
        (
            r,
            PLACES.get(r.domain, r.domain),
            r.successes / max(1, r.trials),
            POLICY_COLOURS.get(r.policy, "#a9bac6"),
        )
        for r in evaluation.rates
    ]


def _targets(opened: Opened) -> Markup:
    pieces, tag = macros("pages/pieces.html"), macros("report/pieces.html").tag
    found = check_targets({stage: o.summary for stage, o in opened.items()})
    rows = [(tag(t.verdict, t.verdict), t.what, t.measured, t.wanted) for t in found]
    return pieces.section(
        "targets",
        "Figures against targets",
        "What the project promises, and what was measured.",
        pieces.card(pieces.table(("", "figure", "measured", "target"), rows)),
    )


def _gaps(gaps: Sequence[tuple[Gap, Pictures]]) -> Markup:
    return macros("pages/pieces.html").section(
        "gap",
        "The gap, taken apart",
        "The same seeds from simulation to the world to deploy into, one difference at a time.",
        Markup().join(gap_section(gap, pictures) for gap, pictures in gaps),
    )


def _downloads(files: Sequence[Download]) -> Markup:
    pieces, link = macros("pages/pieces.html"), macros("report/pieces.html").link
    rows = [(link(f.href, f.name), f.what, f"{f.num_bytes / 1e6:,.2f} MB") for f in files]
    return pieces.section(
        "downloads",
        "Downloads",
        "They lie in a folder beside this page and travel with it only if it does.",
        pieces.card(pieces.table(("file", "what", "size"), rows, numeric=(2,))),
    )


def _lineage(store: ArtifactStore, stages: Mapping[str, ArtifactRef]) -> Markup:
    nodes = nodes_behind(store, stages.values())
    if not nodes:
        return Markup()
    pieces = macros("pages/pieces.html")
    return pieces.section(
        "lineage",
        "Lineage",
        "Every artifact is named by what it was made from: stage, version, configuration, inputs.",
        pieces.card(lineage_svg(nodes)),
    )


def _cost(opened: Opened) -> Markup:
    pieces, code = macros("pages/pieces.html"), macros("report/pieces.html").code
    made = {stage: o.manifest for stage, o in opened.items()}
    seconds = {stage: float(m.provenance.get("duration_s", 0.0)) for stage, m in made.items()}
    lengths = {stage: (s, _seconds(s)) for stage, s in seconds.items()}
    rows = [
        (
            stage,
            _seconds(seconds[stage]),
            f"{m.provenance.get('peak_memory_mb', 0):,.0f} MB",
            f"{m.num_bytes / 1e6:,.1f} MB",
            str(m.provenance.get("device", "–")),
            str(m.provenance.get("started", ""))[:19].replace("T", " "),
            code(str(m.provenance.get("commit") or "unknown")[:7]),
            code(m.fingerprint[:12]),
        )
        for stage, m in made.items()
    ]
    head = ("stage", "time", "peak memory", "stored", "device", "made (UTC)", "commit", "artifact")
    return pieces.section(
        "cost",
        "Where the time went",
        "As recorded when each artifact was made; a reused stage costs nothing now.",
        pieces.facts({"all stages": _seconds(sum(seconds.values()))})
        + pieces.card(bars(lengths, unit="seconds"))
        + pieces.card(pieces.table(head, rows, numeric=(1, 2, 3))),
    )


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _made_with(opened: Opened) -> dict[str, str] | None:
    """Code and packages of what was made last."""
    if not opened:
        return None
    provenance = list(opened.values())[-1].manifest.provenance
    packages = provenance.get("packages") or {}
    return {
        "commit": str(provenance.get("commit") or "unknown")[:12],
        "python": provenance.get("python", ""),
        "versions": ", ".join(f"{k} {v}" for k, v in packages.items() if v),
    }
