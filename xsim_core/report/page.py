"""The report: one HTML page that needs nothing beside it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

from xsim_core.artifacts import Artifact, ArtifactRef, Evaluation
from xsim_core.runs import Ending
from xsim_core.storage import ArtifactStore, OpenArtifact

from ._charts import POLICY_COLOURS, bars, interval_bar
from ._graph import lineage_svg
from ._html import card, esc, facts, section, table
from ._sections import shown_stages, stage_section, words_of
from .lineage import LineageNode, trace_lineage
from .targets import check_targets

TEMPLATE = Path(__file__).with_name("page.html")

STORY = (
    "The scene was reconstructed from photos, the object tracked through the video, a teacher "
    "trained in simulation on the object's motion alone, and its skill distilled into a policy "
    "that sees only camera images, calibrated on rollouts of its own. 'Real' means the world to "
    "deploy into: for a synthesised capture that is the true room, rendered and simulated with "
    "other lights, camera error, noise, friction and latency; no robot was moved."
)

Opened = Mapping[str, OpenArtifact[Any]]


def build_report(
    store: ArtifactStore,
    stages: Mapping[str, ArtifactRef[Any]],
    *,
    title: str,
    unfinished: Mapping[str, Ending] | None = None,
) -> str:
    """The page for a run, finished or not: it shows whatever artifacts are there.

    Args:
        store: where the artifacts lie.
        stages: stage → artifact, as a run record has it.
        title: the run's name.
        unfinished: stages that stopped short, and how.
    """
    opened = {stage: store.open(ref) for stage, ref in stages.items()}
    summaries: dict[str, Artifact] = {stage: o.summary for stage, o in opened.items()}
    shown = shown_stages(opened)
    parts = [
        ("targets", "Targets", _targets(summaries)),
        *((stage, words_of(stage).heading, stage_section(stage, opened[stage])) for stage in shown),
        ("lineage", "Lineage", _lineage(store, stages)),
        ("cost", "Where time went", _cost(opened)),
    ]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=esc(title),
        hero=_hero(title, opened, unfinished or {}),
        nav="".join(f'<a href="#{esc(a)}">{esc(t)}</a>' for a, t, _ in parts),
        body="\n".join(html for _, _, html in parts),
        footer=_footer(opened),
    )


def _hero(title: str, opened: Opened, unfinished: Mapping[str, Ending]) -> str:
    capture, evaluation = opened.get("ingest_capture"), opened.get("evaluate")
    what = capture.summary.object_name if capture else "object"
    task = evaluation.summary.task if evaluation else ""
    names = f"{task.replace('_', ' ')} · run {title}" if task else f"run {title}"
    cards = _scores(evaluation.summary) if evaluation else ""
    return (
        f'<div class="eyebrow">X-Sim · {esc(names)}</div>'
        f"<h1>From one video of a hand moving a {esc(what)} to a robot's image policy</h1>"
        f"<p>{STORY if evaluation else 'This run has not reached its evaluation.'}</p>"
        f"{_stops(unfinished)}"
        f'<div class="scores">{cards}</div>'
    )


def _stops(unfinished: Mapping[str, Ending]) -> str:
    """What stopped short; an interruption is nobody's mistake and goes on at the next run."""
    styles = {"failed": "missed", "interrupted": "unknown"}
    return "".join(
        f'<p><span class="tag {styles[how]}">{how}</span> in {esc(stage)}. '
        "What was finished before is kept; running again goes on from there.</p>"
        for stage, how in unfinished.items()
    )


def _scores(evaluation: Evaluation) -> str:
    cards = []
    for rate in evaluation.rates:
        share = rate.successes / max(1, rate.trials)
        colour = POLICY_COLOURS.get(rate.policy, "#a9bac6")
        cards.append(
            f'<div class="score"><div class="who"><b>{esc(rate.policy)}</b> · {esc(rate.domain)}'
            f'</div><div class="big">{share:.0%}<small>{rate.successes} of {rate.trials}</small>'
            f"</div>{interval_bar(share, rate.low, rate.high, colour)}"
            f'<div class="note">95 % interval {rate.low:.0%}–{rate.high:.0%}, '
            f"task progress {rate.progress:.2f}</div></div>"
        )
    return "".join(cards)


def _targets(summaries: Mapping[str, Artifact]) -> str:
    rows = [
        (
            f'<span class="tag {t.verdict}">{t.verdict}</span>',
            esc(t.what),
            esc(t.wanted),
            esc(t.measured),
        )
        for t in check_targets(summaries)
    ]
    text = table(("", "figure", "target", "measured"), rows)
    return section(
        "targets",
        "Figures against targets",
        "What the project promises, and what was measured.",
        card(text),
    )


def _lineage(store: ArtifactStore, stages: Mapping[str, ArtifactRef[Any]]) -> str:
    nodes: dict[str, LineageNode] = {}
    for ref in stages.values():
        nodes.update(trace_lineage(store, ref).by_ref)
    if not nodes:
        return ""
    return section(
        "lineage",
        "Lineage",
        "Every artifact is named by what it was made from: stage, version, configuration, inputs.",
        card(lineage_svg(nodes)),
    )


def _cost(opened: Opened) -> str:
    made = {stage: o.manifest for stage, o in opened.items()}
    seconds = {stage: float(m.provenance.get("duration_s", 0.0)) for stage, m in made.items()}
    lengths = {stage: (s, _seconds(s)) for stage, s in seconds.items()}
    rows = [
        (
            esc(stage),
            _seconds(seconds[stage]),
            f"{m.provenance.get('peak_memory_mb', 0):,.0f} MB",
            f"{m.num_bytes / 1e6:,.1f} MB",
            esc(str(m.provenance.get("started", ""))[:19].replace("T", " ")),
            f"<code>{esc(m.fingerprint[:12])}</code>",
        )
        for stage, m in made.items()
    ]
    head = ("stage", "time", "peak memory", "stored", "made (UTC)", "artifact")
    total = {"all stages": _seconds(sum(seconds.values()))}
    return section(
        "cost",
        "Where the time went",
        "As recorded when each artifact was made; a reused stage costs nothing now.",
        facts(total)
        + card(bars(lengths, unit="seconds"))
        + card(table(head, rows, numeric={1, 2, 3})),
    )


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _footer(opened: Opened) -> str:
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if not opened:
        return f"Written {written}."
    provenance = list(opened.values())[-1].manifest.provenance
    packages = provenance.get("packages") or {}
    versions = ", ".join(f"{k} {v}" for k, v in packages.items() if v)
    commit = str(provenance.get("commit") or "unknown")[:12]
    return (
        f"Written {written}. Code at commit <code>{esc(commit)}</code>, Python "
        f"{esc(provenance.get('python', ''))}, {esc(versions)}. Success intervals are Wilson's at "
        "95 %. The robot and its world are simulated where the capture was synthesised."
    )
